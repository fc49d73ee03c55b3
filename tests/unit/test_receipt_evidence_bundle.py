"""A bundle of evidence verifies from the genesis alone; what is missing or changed in it is named (E7)."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from govchain.cli.app import run
from govchain.codec.genesis_file import write_genesis
from govchain.crypto.file_digest import digest_chunks
from govchain.crypto.timestamp import TimestampAuthorities
from govchain.errors import BadProof
from govchain.receipt import (
    EvidenceBundle,
    RecordProof,
    build_receipt,
    collect_changes,
    verify_evidence_bundle,
    write_evidence_bundle,
    write_receipt,
)
from tests.rules.test_ledger_governance import add_fields, adopt, certify, make_world, to_checkpoint
from tests.support.ledger_world import SUITE, make_genesis, rfc3339
from tests.support.timestamp_authority import make_authority

FILE = b"River Song, measure by measure"
DIGESTS = digest_chunks([FILE])
NUMBER = "EV-1"
AUTHORITY = make_authority()


CASE_NO = "（2026）京0491民初99号"


class Story:
    """Evidence with a timestamp, deposited in epoch 0 (`early`) and matched in epoch 1 (`late`)."""

    def __init__(self) -> None:
        self.world = make_world()
        stamp_ms = self.world.now_ms
        self.token = AUTHORITY.stamp(
            bytes.fromhex(DIGESTS.sha256), at=datetime.fromtimestamp(stamp_ms / 1000, UTC)
        )
        fields = self.world.deposit_fields(
            raw_hash={"sha256": DIGESTS.sha256, "sm3": DIGESTS.sm3},
            size_bytes=DIGESTS.size_bytes,
            timestamp={"token_hash": digest_chunks([self.token]).sha256, "time": rfc3339(stamp_ms)},
        )
        self.act("evidence.deposit", "evp-a", fields)
        self.early = self.bundle()
        adopt(self.world, "validator.add", "GC-1", add_fields(self.world))
        to_checkpoint(self.world)
        self.act("evidence.submit", "evp-a", {"case_no": CASE_NO})
        matched = {"raw_hash": fields["raw_hash"], "size_bytes": DIGESTS.size_bytes}
        self.act("evidence.verify", "court-a", matched)
        self.late = self.bundle()

    def act(self, kind: str, person: str, fields: dict[str, Any]) -> None:
        result = self.world.submit(kind, person, NUMBER, fields)
        assert result.applied, result
        head = self.world.ledger.head
        assert head is not None
        self.world.store.write([self.world.chain.certificate_write(certify(self.world, head.epoch))])

    def bundle(self) -> EvidenceBundle:
        world, head = self.world, self.world.ledger.head
        assert head is not None
        key = world.chain.record_key("evidence", NUMBER)
        value, proof = world.chain.prove_state(key)
        record = RecordProof(
            key=key,
            value=value,
            proof=proof,
            header=head,
            certificate=world.chain.certificate(head.height),
            validator_changes=collect_changes(world.chain, head.epoch),
        )
        entries = world.record("evidence", NUMBER).timeline
        receipts = tuple(json.loads(self._receipt(entry.transaction_id)) for entry in entries)
        return EvidenceBundle(evidence_no=NUMBER, record=record, receipts=receipts, timestamp=self.token)

    def _receipt(self, transaction_id: bytes) -> bytes:
        receipt = build_receipt(self.world.chain, SUITE, transaction_id, self._public_key_of)
        assert receipt is not None
        return write_receipt(receipt)

    def _public_key_of(self, key_id: bytes) -> bytes | None:
        key = self.world.ledger.key(key_id)
        return None if key is None else key.public_key


@pytest.fixture(scope="module")
def story() -> Story:
    return Story()


def refused(story: Story, data: bytes, **arguments: Any) -> str:
    with pytest.raises(BadProof) as failure:
        verify_evidence_bundle(data, arguments.pop("genesis", story.world.genesis), **arguments)
    return failure.value.step


def changed(bundle: EvidenceBundle, **changes: Any) -> bytes:
    return write_evidence_bundle(msgspec.structs.replace(bundle, **changes))


def test_E7_answers_from_the_genesis_alone_before_and_after_a_change_of_validators(story: Story) -> None:
    roots = TimestampAuthorities(AUTHORITY.root_pem)
    assert (story.early.record.header.epoch, story.late.record.header.epoch) == (0, 1)
    for bundle, state, records in ((story.early, "DEPOSITED", 1), (story.late, "MATCHED", 3)):
        report = verify_evidence_bundle(
            write_evidence_bundle(bundle), story.world.genesis, original=DIGESTS, authorities=roots
        )
        assert (report.state, len(report.records)) == (state, records)
        assert report.timestamp is not None
    presumed = {each.topic: each.presumed_intact for each in report.effect.statements}
    assert (presumed["after-chaining"], presumed["before-chaining"]) == (True, False)


def test_E7_reports_a_timestamp_that_nobody_judged(story: Story) -> None:
    for bundle in (story.late, msgspec.structs.replace(story.late, timestamp=b"")):
        report = verify_evidence_bundle(write_evidence_bundle(bundle), story.world.genesis)
        assert (report.timestamp, report.is_timestamp_open) == (None, True)


def test_E7_refuses_whatever_is_missing_or_changed(story: Story) -> None:
    late, first = story.late, story.late.receipts[0]
    assert refused(story, write_evidence_bundle(late)[:-1]) == "format"
    assert refused(story, write_evidence_bundle(late).replace(b": ", b":  ", 1)) == "format"
    assert refused(story, changed(late, govchain="govchain.evidence-bundle/9")) == "format"
    assert refused(story, changed(late, evidence_no="EV-2")) == "record"
    assert refused(story, changed(late, record=story.early.record)) == "history"
    assert refused(story, changed(late, receipts=late.receipts[:2])) == "history"
    assert refused(story, changed(late, receipts=(first, *late.receipts[:2]))) == "receipt 2"
    assert refused(story, changed(late, receipts=(first, {"govchain": "x"}, first))) == "receipt 2"
    forged = {**first, "summary": {**first["summary"], "height": 99}}
    assert refused(story, changed(late, receipts=(forged, *late.receipts[1:]))) == "receipt 1"
    assert refused(story, write_evidence_bundle(late), genesis=make_genesis()) == "record"


def test_E7_refuses_another_file_token_or_authority(story: Story) -> None:
    data = write_evidence_bundle(story.late)
    other = digest_chunks([FILE.replace(b"River", b"river")])
    assert refused(story, data, original=other) == "file"
    assert refused(story, changed(story.late, timestamp=story.token + b"x")) == "timestamp"
    stranger = TimestampAuthorities(make_authority("Another TSA").root_pem)
    assert refused(story, data, authorities=stranger) == "timestamp"


OFFLINE = """
import socket, sys
def refuse(*_, **__): raise AssertionError("no network")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from govchain.cli.app import run
sys.exit(run(sys.argv[1:]))
"""


def test_E7_answers_in_a_separate_process_without_a_network(story: Story, tmp_path: Path) -> None:
    files = {
        "bundle.json": write_evidence_bundle(story.late),
        "genesis.json": write_genesis(story.world.genesis),
        "melody.txt": FILE,
        "roots.pem": AUTHORITY.root_pem,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    arguments = "evidence verify bundle.json --genesis genesis.json --file melody.txt --authorities roots.pem"
    command = [sys.executable, "-c", OFFLINE, *arguments.split(), "--json", "-", "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert (answer["holds"], answer["state"], answer["weight"]) == (True, "MATCHED", "ordinary")


def test_command_names_the_step_that_failed(
    story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, genesis = tmp_path / "b.json", tmp_path / "g.json"
    bundle.write_bytes(changed(story.late, receipts=()))
    genesis.write_bytes(write_genesis(story.world.genesis))
    assert run(["evidence", "verify", str(bundle), "--genesis", str(genesis)]) == 1
    assert "'history'" in capsys.readouterr().out
