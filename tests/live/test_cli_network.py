"""The command line against real validator processes on this machine: as a user would, step by step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from govchain.cli.app import run
from govchain.codec import decode
from govchain.config import load_yaml
from govchain.crypto.keys import read_key_file
from govchain.disclosure import TokenKey, verify_status_list
from govchain.disclosure.status_list import StatusList, require_anchored
from govchain.ledger.identifiers import LicenceId
from govchain.model import Transaction, TransactionBody
from govchain.testnet import Health, LocalNetwork, load_network
from govchain.testnet.health import is_port_free
from tests.architecture.sources import ROOT


def govchain(*arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "govchain", *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def free_base_port() -> int:
    """First port of a free block for four validators, below those that the system hands out by itself."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for base in range(20_000 + 1_000 * worker, 32_000, 200):
        if all(is_port_free("127.0.0.1", base + use + i) for use in (0, 100) for i in range(4)):
            return base
    pytest.fail("no free block of ports")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNetwork]:
    """Four validators that run, started by the command line in another process, stopped from here."""
    directory = tmp_path_factory.mktemp("live") / "net"
    base = str(free_base_port())
    made = govchain("testnet", "init", "--out", "net", "--base-port", base, directory=directory.parent)
    assert made.returncode == 0, made.stderr
    started = govchain("testnet", "up", "net", "--detach", directory=directory.parent)
    assert started.returncode == 0, started.stderr
    with LocalNetwork(directory) as network:
        yield network


@pytest.fixture
def network(local: LocalNetwork) -> Path:
    """The folder of the running network."""
    return local.directory


def test_status_shows_four_ready_validators(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["testnet", "status", str(network), "--json", "-"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert [item["health"] for item in value["validators"]] == ["ready"] * 4


def test_first_record_of_a_new_chain_is_submitted(network: Path, tmp_path: Path) -> None:
    # In the order of this file the chain has no block yet, so no state can be proven before the submission.
    record = tmp_path / "first.json"
    record.write_text(json.dumps({"kind": "licence.issue", "object_id": "no such licence"}), encoding="utf-8")
    answer = govchain("submit", str(record), "--as", "amr-b", "--network", str(network), directory=tmp_path)
    assert answer.returncode == 1, answer.stderr
    assert "denied by rule" in answer.stdout


def test_file_is_anchored_and_its_receipt_verifies_in_another_process(network: Path, tmp_path: Path) -> None:
    original = tmp_path / "contract.pdf"
    original.write_bytes(b"a contract")
    answer = govchain(
        "anchor",
        str(original),
        "--network",
        str(network),
        "--receipts",
        "receipts",
        "--json",
        "-",
        directory=tmp_path,
    )
    assert answer.returncode == 0, answer.stderr
    (sent,) = json.loads(answer.stdout)
    assert sent["applied"] is True
    receipt = str(tmp_path / "receipts" / "contract.pdf.receipt.json")
    genesis = str(network / "genesis.json")
    held = govchain("verify", receipt, "--genesis", genesis, "--file", str(original), directory=tmp_path)
    assert held.returncode == 0, held.stdout
    original.write_bytes(b"A contract")
    failed = govchain("verify", receipt, "--genesis", genesis, "--file", str(original), directory=tmp_path)
    assert failed.returncode == 1
    fetched = govchain(
        "receipt", "get", sent["transaction"], "--network", str(network), "--out", "r", directory=tmp_path
    )
    assert fetched.returncode == 0, fetched.stderr
    assert (tmp_path / "r").stat().st_size > 1000


def test_second_deposit_of_a_file_is_denied_by_rule_E1(network: Path, tmp_path: Path) -> None:
    original = tmp_path / "twice.txt"
    original.write_bytes(b"twice")
    assert run(["anchor", str(original), "--network", str(network), "-q"]) == 0
    result = tmp_path / "result.json"
    assert run(["anchor", str(original), "--network", str(network), "-q", "--json", str(result)]) == 1
    (sent,) = json.loads(result.read_text(encoding="utf-8"))
    assert (sent["rule"], sent["code"]) == ("E1", "E_DUP_ID")


def test_record_is_submitted_and_read_with_its_proof(network: Path, tmp_path: Path) -> None:
    licence = LicenceId(
        "11990100MA0XX00B72001", "11990100MA0XX00B72", "20261102000000000077", 1
    ).with_version(1)
    record = tmp_path / "licence.yaml"
    record.write_text(
        f"""kind: licence.enter
object_id: {licence}
fields:
  name: 印章备案证明
  type_code: 11990100MA0XX00B72001
  holder_ref: 91990100MA0XX00W9H
  area_code: "990100"
  issued_date: "2026-11-02"
  effective_date: "2026-11-02"
""",
        encoding="utf-8",
    )
    issue = tmp_path / "issue.json"
    issue.write_text(json.dumps({"kind": "licence.issue", "object_id": licence}), encoding="utf-8")
    common = ["--network", str(network), "-q"]
    assert run(["submit", str(record), "--as", "psb-a", *common]) == 0
    assert run(["submit", str(issue), "--as", "psb-a", *common]) == 1, "G6: nobody approves an own entry"
    signed = ["submit", str(issue), "--as", "psb-b", *common, "--out", str(tmp_path / "signed")]
    assert run([*signed, "--receipt", str(tmp_path / "r.json")]) == 2, "nothing is handed in, so no receipt"
    assert run(signed) == 0
    transaction = decode((tmp_path / "signed").read_bytes(), Transaction)
    assert decode(transaction.body, TransactionBody).kind == "licence.issue"
    assert run(["submit", str(issue), "--as", "psb-b", *common, "--receipt", str(tmp_path / "r.json")]) == 0
    result = tmp_path / "state.json"
    read = ["query", "record", "licence", licence, "--at", "2099-01-01T00:00:00+08:00"]
    assert run([*read, *common, "--json", str(result)]) == 0
    value = json.loads(result.read_text(encoding="utf-8"))
    assert value["state"]["state"] == "VALID"
    assert value["at"]["answer"] == "VALID"
    assert value["level"] == "certified"
    assert run([*read[:4], "--level", "latest", *common, "--json", str(result)]) == 0
    value = json.loads(result.read_text(encoding="utf-8"))
    assert (value["level"], value["state"]["state"]) == ("latest", "VALID")


def test_L9_a_status_list_says_what_the_chain_says_and_is_anchored(network: Path, tmp_path: Path) -> None:
    psb = "11990100MA0XX00B72"
    # A holder that has no seal in any other test of this network.
    licence = LicenceId(f"{psb}001", psb, "20261102000000000078", 1).with_version(1)
    fields = {"name": "印章备案证明", "type_code": f"{psb}001", "holder_ref": "91990100MA0XX00T40"}
    dates = {"area_code": "990100", "issued_date": "2026-11-02", "effective_date": "2026-11-02"}
    records = {
        "enter": {"kind": "licence.enter", "object_id": licence, "fields": fields | dates},
        "issue": {"kind": "licence.issue", "object_id": licence},
    }
    common = ["--network", str(network), "--as", "psb-b", "-q"]
    made = ["licence", "list", str(tmp_path / "register.yaml"), *common, "--out", str(tmp_path / "list")]
    made += ["--gateway", "https://127.0.0.1:9443/", "--name", "seals"]
    for name, person in (("enter", "psb-a"), ("issue", "psb-b")):
        (tmp_path / f"{name}.json").write_text(json.dumps(records[name]), encoding="utf-8")
        submit = ["submit", str(tmp_path / f"{name}.json"), "--network", str(network), "--as", person, "-q"]
        assert run(submit) == 0
        assert run([*made, *(["--add", licence] if name == "enter" else [])]) == 0
        place = load_yaml(tmp_path / "register.yaml", dict[str, int])[licence]
        assert run(["submit", str(tmp_path / "list.record.json"), *common]) == 0
        found, digest = read_list(network, tmp_path, psb)
        assert found.status_at(place).name == ("INVALID" if name == "enter" else "VALID")
        require_anchored(found, digest)
    assert run([*made, "--add", "no-such-licence"]) == 2, "a place of nothing on the chain"


def read_list(network: Path, folder: Path, issuer: str) -> tuple[StatusList, str]:
    """The list, verified, and the digest that the chain has at its address."""
    address = f"https://127.0.0.1:9443/v1/status-lists/{issuer}/seals"
    state = folder / "list.json"
    query = ["query", "record", "status-list", address, "--network", str(network), "-q", "--json", str(state)]
    assert run(query) == 0
    holder = load_network(network)[0].person("psb-b")
    key = TokenKey("EdDSA", read_key_file(network / holder.key, None).public_key)
    found = verify_status_list(
        (folder / "list").read_text().strip(),
        lambda issuer, key_id: key,
        issuer=issuer,
        uri=address,
        now_s=int(time.time()),
    )
    return found, json.loads(state.read_text())["state"]["data"]["digest"]


def test_an_invoice_file_becomes_a_record_signed_by_the_recorder(
    network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = str(ROOT / "scenarios" / "data" / "invoice-sample.xml")
    assert run(["submit", sample, "--network", str(network), "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert "invoice ACME-2026-000117: net" in said
    assert "tax-a → invoice/91990100MA0XX00U2T/ACME-2026-000117" in said
    assert run(["submit", sample, "--network", str(network), "--lang", "en"]) == 1
    assert "T1 E_DUP_ID" in capsys.readouterr().out


def test_unknown_record_exits_with_1_and_a_proof_of_absence(network: Path) -> None:
    assert run(["query", "record", "evidence", "EV-20261102-none", "--network", str(network), "-q"]) == 1


def test_scenario_is_replayed_against_the_running_network(network: Path, tmp_path: Path) -> None:
    scenario = str(ROOT / "scenarios" / "040-company-opens.yaml")
    answer = govchain(
        "replay",
        scenario,
        "--backend",
        LocalNetwork(network).urls[1],
        "--keys",
        str(network / "people"),
        directory=tmp_path,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "PASS" in answer.stdout


def test_watch_shows_blocks_from_the_first_one(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["watch", "--network", str(network), "--from", "1", "--blocks", "1", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["height"] == 1


def test_killed_validator_is_reported_and_comes_back(local: LocalNetwork, network: Path) -> None:
    local.kill("validator-3")
    assert run(["testnet", "status", str(network), "-q"]) == 4
    assert {item.name for item in local.health() if item.health is Health.SILENT} == {"validator-3"}
    local.start_validator("validator-3")
    local.wait_ready(["validator-3"])
    assert run(["testnet", "status", str(network), "-q"]) == 0


def test_config_that_a_validator_refuses_is_shown_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = str(free_base_port())
    run(["testnet", "init", "--out", str(tmp_path / "net"), "-n", "4", "--base-port", base, "-q"])
    config = tmp_path / "net" / "nodes" / "validator-2" / "node.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("peers:", "pears:"), encoding="utf-8")
    assert run(["testnet", "up", str(tmp_path / "net"), "--detach"]) == 4
    error = capsys.readouterr().err
    assert "validator-2 ended with exit status 2" in error
    assert "pears" in error
    assert len(LocalNetwork(tmp_path / "net").ended()) == 4, "what was started is stopped again"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_up_that_is_asked_to_end_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    directory = tmp_path / "net"
    base = str(free_base_port())
    assert run(["testnet", "init", "--out", str(directory), "-n", "1", "--base-port", base, "-q"]) == 0
    command = [sys.executable, "-m", "govchain", "testnet", "up", str(directory), "--lang", "en"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any("Ctrl-C" in line for line in process.stdout)
        process.send_signal(number)
        process.stdout.read()
        assert process.wait(60) == 0
    assert len(LocalNetwork(directory).ended()) == 1
