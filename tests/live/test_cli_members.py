"""`govchain members` on real validator processes: one joins, one gets another key and certificate."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from govchain.cli.app import run
from govchain.testnet import LocalNetwork
from tests.live.test_cli_network import free_base_port

CODE = "91990100MA0XX00Y57"
NETWORK = f"""\
govchain: 1
meta: {{title: Two organisations decide together}}
organisations:
  - {{id: evp, code: {CODE}, name: Platform, roles: [evidence-platform], validators: 1}}
  - {{id: notary, code: 31990100MA0XX00L9F, name: Notary, validators: 1}}
people:
  - {{id: evp-admin, org: evp, roles: [admin]}}
  - {{id: notary-admin, org: notary, roles: [admin]}}
  - {{id: clerk, org: evp, roles: [maker]}}
protocol: {{checkpoint: 4}}
"""


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalNetwork]:
    """Two validators that run, of a chain whose checkpoints come soon."""
    (tmp_path / "orgs.yaml").write_text(NETWORK, encoding="utf-8")
    directory, base = tmp_path / "net", str(free_base_port())
    made = ["testnet", "init", "--out", str(directory), "--orgs", str(tmp_path / "orgs.yaml")]
    assert run([*made, "--base-port", base, "-q"]) == 0
    with LocalNetwork(directory) as network:
        network.start()
        yield network


def until(condition: Callable[[], bool]) -> None:
    """Look until it holds; a validator looks at its certificate once a second."""
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("nothing came of it")


class Operator:
    """What an operator types, on one network folder."""

    def __init__(self, network: LocalNetwork, folder: Path) -> None:
        self.network = network
        self._folder = folder
        self._common = ["--network", str(network.directory), "-q"]
        self._numbers = itertools.count()

    def govchain(self, *arguments: str) -> Any:
        """The JSON result of a command that must succeed."""
        answer = self._folder / "answer.json"
        assert run([*arguments, *self._common, "--json", str(answer)]) == 0, arguments
        return json.loads(answer.read_text(encoding="utf-8"))

    def decide(self, proposal: dict[str, str]) -> None:
        """One organisation proposes, the other one approves."""
        self.govchain("submit", proposal["path"], "--as", "evp-admin")
        self.govchain("members", "approve", proposal["number"], "--as", "notary-admin")

    def until_epoch(self, epoch: int) -> dict[str, Any]:
        """Deposits until the set of that epoch runs; that set."""
        for _ in range(8):
            shown: dict[str, Any] = self.govchain("members", "show")
            if shown["epoch"] == epoch:
                return shown
            original = self._folder / f"file-{next(self._numbers)}"
            original.write_text(original.name, encoding="utf-8")
            self.govchain("anchor", str(original), "--as", "clerk", "--receipts", str(self._folder))
        pytest.fail(f"no epoch {epoch}")


def test_MB2_MB4_members_join_approve_and_rotate(
    local: LocalNetwork, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    operator = Operator(local, tmp_path)
    proposal = operator.govchain("members", "join", "validator-2", "--org", CODE)
    local.admit()
    local.start_validator("validator-2")
    operator.decide(proposal)
    shown = operator.until_epoch(1)
    assert [each["name"] for each in shown["validators"]] == ["validator-0", "validator-1", "validator-2"]
    local.wait_ready(["validator-2"])

    proposal = operator.govchain("members", "rotate", "validator-0")
    # The certificate is taken while it runs; the key at the next start.
    until(lambda: "certificate-reloaded" in local.process("validator-0").log_tail(100))
    local.process("validator-0").ask_to_end()
    local.process("validator-0").wait_ended()
    local.start_validator("validator-0")
    local.wait_ready(["validator-0"])
    operator.decide(proposal)
    rotated = operator.until_epoch(2)
    assert rotated["validators"][0]["public_key"] != shown["validators"][0]["public_key"]
    assert run(["testnet", "status", str(local.directory), "--lang", "en"]) == 0
    assert "epoch 2" in capsys.readouterr().out
    operator.govchain("members", "rotate", "validator-0", "--finish")
    # The genesis, at which an empty disk begins, does not know the key that it has now.
    local.kill("validator-0")
    local.wipe("validator-0")
    local.start_validator("validator-0")
    local.wait_ready(["validator-0"])
