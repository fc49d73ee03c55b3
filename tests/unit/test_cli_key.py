"""`govchain key prove`: what a holder gives the admin is enough for the chain, and holds no secret (I10)."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from govchain.cli.app import run
from govchain.codec.genesis_file import write_genesis
from govchain.crypto.keys import new_secret, write_key_file
from tests.support.ledger_world import EVP, SUITE, LedgerWorld


@pytest.fixture
def world() -> LedgerWorld:
    return LedgerWorld()


@pytest.fixture
def genesis(world: LedgerWorld, tmp_path: Path) -> str:
    path = tmp_path / "genesis.json"
    path.write_bytes(write_genesis(world.genesis))
    return str(path)


def test_I10_allows_a_key_with_the_proof_that_the_command_makes(
    world: LedgerWorld, genesis: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "clerk.key"
    command = ["key", "prove", str(file), "--org", EVP, "--genesis", genesis, "--json", "-"]
    assert run([*command, "--new"]) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    output = capsys.readouterr().out
    assert json.loads(file.read_text(encoding="utf-8"))["secret"] not in output
    proof = json.loads(output)
    key_id = proof.pop("key_id")
    fields = {**proof, "person": "evp-b", "roles": []}
    assert world.submit("key.add", "evp-admin", key_id, fields).applied
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out) == {"key_id": key_id, **proof}, "one key has one proof"


def test_the_command_never_overwrites_a_key_and_names_what_is_missing(
    genesis: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "clerk.key"
    write_key_file(file, SUITE.name, new_secret())
    before = file.read_bytes()
    prove = ["key", "prove", str(file)]
    for arguments, said in (
        (["--org", EVP, "--genesis", genesis, "--new"], "never overwritten"),
        (["--org", EVP], "--genesis FILE or --network DIR"),
        (["--org", "EVP", "--genesis", genesis], "not a unified social credit code"),
    ):
        assert run([*prove, *arguments]) == 2
        # Long lines are wrapped.
        assert said in " ".join(capsys.readouterr().err.split())
    assert file.read_bytes() == before
