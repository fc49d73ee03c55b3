"""The doctor: each finding has a case that brings it about; it mends what is certain, refuses the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from govchain.cli.app import run
from govchain.cli.doctor import CHECKS
from govchain.codec import decode, encode
from govchain.crypto import chain_id_of, derive_secret, suite, write_key_file
from govchain.crypto.authority import create_authority, issue_certificate
from govchain.doctor import Examination, Finding, Verdict, examine, surroundings
from govchain.errors import ConfigError
from govchain.ledger.head import height_key
from govchain.model import Block, FinalityCertificate, Space, Write
from govchain.node.finality import FINAL_KEY
from govchain.node.guard import GUARD_MARK, guard_owner
from govchain.storage import GuardFile, MemoryStore, RocksStore
from govchain.testnet import Addresses, free_ports, init_network
from tests.sim.test_sim_cluster import network, plan_of
from tests.sim.test_sim_disk_faults import remains
from tests.support.faulty_disk import flipped

SUITE = suite()
NAME = "validator-2"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Patient:
    """A stopped validator with two final blocks and votes on a third."""

    def __init__(self, root: Path, store: MemoryStore, records: tuple[bytes, ...]) -> None:
        self.genesis = network(4).genesis
        self.chain_id = chain_id_of(SUITE, self.genesis)
        ports = free_ports(8)
        places = Addresses(ports=tuple((ports[2 * i], ports[2 * i + 1]) for i in range(4)))
        init_network(root, plan_of(4), now=NOW, addresses=places)
        self.folder = root / "nodes" / NAME
        self.config = self.folder / "node.yaml"
        self.guard = self.folder / "validator.guard"
        self.owner = guard_owner(self.genesis, NAME)
        guard = GuardFile(self.guard, self.owner)
        guard.append(records)
        guard.close()
        self.write(*((space, key, value) for space in Space for key, value in store.scan(space)))
        self.write((Space.META, GUARD_MARK, b"\x01"), (Space.META, FINAL_KEY, (2).to_bytes(8, "big")))

    def write(self, *writes: Write) -> None:
        store = RocksStore(self.folder / "data", self.chain_id)
        store.write(writes, sync=True)
        store.close()

    def get(self, space: Space, key: bytes) -> bytes:
        store = RocksStore(self.folder / "data", self.chain_id)
        value = store.get(space, key)
        store.close()
        assert value is not None
        return value

    def examine(self, *, now: datetime = NOW, repair: bool = False, new_guard: bool = False) -> Examination:
        return examine(self.config, now=now, repair=repair, new_guard=new_guard)

    def edit(self, old: str, new: str) -> None:
        self.config.write_text(self.config.read_text().replace(old, new))


@pytest.fixture(scope="module")
def disk() -> tuple[MemoryStore, tuple[bytes, ...]]:
    _, left = remains(gives_up=True)
    return left.store, left.records


@pytest.fixture
def patient(tmp_path: Path, disk: tuple[MemoryStore, tuple[bytes, ...]]) -> Patient:
    return Patient(tmp_path / "network", *disk)


def of(examination: Examination, check: str) -> list[Finding]:
    return [finding for finding in examination.findings if finding.check == check]


def test_a_healthy_validator(patient: Patient) -> None:
    examination = patient.examine()
    assert [finding for finding in examination.findings if finding.verdict is not Verdict.OK] == []
    assert [finding.check for finding in examination.findings] == [
        *("configuration", "genesis", "key", "tls", "space", "data", "blocks", "index", "final", "votes"),
        *("guard", "clock", "ports"),
    ]
    assert set(CHECKS) == {finding.check for finding in examination.findings}
    assert examination.is_well


def other_genesis(patient: Patient) -> None:
    (patient.folder / "genesis.json").write_text("{}")


def other_key(patient: Patient) -> None:
    (patient.folder / "validator.key").unlink()
    write_key_file(patient.folder / "validator.key", SUITE.name, derive_secret(1, "validator/validator-1"))


def no_key(patient: Patient) -> None:
    (patient.folder / "validator.key").write_text("?")
    (patient.folder / "validator.key").chmod(0o600)


def other_authority(patient: Patient) -> None:
    (patient.folder / "ca.crt").write_bytes(create_authority("other", now=NOW).certificate)


def other_name(patient: Patient) -> None:
    root = patient.folder.parents[1] / "ca"
    authority = create_authority("x", now=NOW)._replace(
        certificate=(root / "ca.crt").read_bytes(), key=(root / "ca.key").read_bytes()
    )
    pair = issue_certificate(authority, "validator-1", hosts=[], now=NOW)
    (patient.folder / "tls.crt").write_bytes(pair.certificate)
    (patient.folder / "tls.key").write_bytes(pair.key)


def not_a_certificate(patient: Patient) -> None:
    (patient.folder / "tls.crt").write_text("x")


def no_block(patient: Patient) -> None:
    patient.write((Space.BLOCK, height_key(1), None))


def changed_block(patient: Patient) -> None:
    block = decode(patient.get(Space.BLOCK, height_key(1)), Block)
    patient.write((Space.BLOCK, height_key(1), encode(Block(block.header, block.batch, (), ()))))


def changed_certificate(patient: Patient) -> None:
    certificate = decode(patient.get(Space.CERTIFICATE, height_key(1)), FinalityCertificate)
    made = FinalityCertificate(
        certificate.chain_id, 0, 1, certificate.header_digest, tuple(certificate.votes[:1])
    )
    patient.write((Space.CERTIFICATE, height_key(1), encode(made)))


def vote_key(patient: Patient, phase: bytes) -> bytes:
    return (3).to_bytes(8, "big") + bytes(8) + phase


def damaged_vote(patient: Patient) -> None:
    value = patient.get(Space.VOTE, vote_key(patient, b"commit"))
    patient.write((Space.VOTE, vote_key(patient, b"commit"), flipped(value, 200)))


def damaged_guard(patient: Patient) -> None:
    patient.guard.write_bytes(flipped(patient.guard.read_bytes(), 130 * 8))


def no_guard(patient: Patient) -> None:
    patient.guard.unlink()


def other_chain(patient: Patient) -> None:
    patient.write((Space.META, b"ledger/chain", bytes(32)))


@pytest.mark.parametrize(
    ("hurt", "check", "found"),
    [
        (other_genesis, "genesis", "genesis.json"),
        (other_key, "key", "belongs to validator-1"),
        (no_key, "key", "key file"),
        (other_authority, "tls", "not of this authority"),
        (other_name, "tls", "names validator-1"),
        (not_a_certificate, "tls", "cannot be used"),
        (other_chain, "data", "another chain"),
        (no_block, "data", "block 1 and all below it are missing"),
        (changed_block, "blocks", "height 1: the block does not hold"),
        (changed_certificate, "blocks", "height 1: "),
        (damaged_vote, "votes", "vote log"),
        (damaged_guard, "guard", "checksum"),
        (no_guard, "guard", "is missing, and this validator had one"),
    ],
)
def test_RC3_a_problem_is_named_with_what_to_do_and_repair_refuses_it(
    patient: Patient, hurt: Callable[[Patient], None], check: str, found: str
) -> None:
    hurt(patient)
    for repair in (False, True):
        examination = patient.examine(repair=repair)
        problems = [each for each in of(examination, check) if each.verdict is Verdict.PROBLEM]
        assert found in problems[0].found.en
        assert problems[0].found.zh
        assert problems[0].advice.en
        assert problems[0].advice.zh
        assert not examination.is_well


def readable_keys(patient: Patient) -> None:
    for name in ("validator.key", "tls.key"):
        (patient.folder / name).chmod(0o644)


def readable_guard(patient: Patient) -> None:
    patient.guard.chmod(0o644)


def leftover(patient: Patient) -> None:
    patient.guard.with_name("validator.guard.new").write_bytes(b"x")


def lost_index(patient: Patient) -> None:
    store = RocksStore(patient.folder / "data", patient.chain_id)
    writes: list[Write] = [(Space.TRANSACTION, key, None) for key, _ in store.scan(Space.TRANSACTION)]
    store.write(writes, sync=True)
    store.close()


def wrong_final(patient: Patient) -> None:
    patient.write((Space.META, FINAL_KEY, (9).to_bytes(8, "big")))


@pytest.mark.parametrize(
    ("hurt", "checks"),
    [
        (readable_keys, ["key", "tls"]),
        (readable_guard, ["guard"]),
        (leftover, ["guard"]),
        (lost_index, ["index"]),
        (wrong_final, ["final"]),
    ],
)
def test_what_follows_from_what_is_certain_is_mended_when_asked(
    patient: Patient, hurt: Callable[[Patient], None], checks: list[str]
) -> None:
    hurt(patient)
    before = patient.examine()
    assert all(Verdict.PROBLEM in [each.verdict for each in of(before, check)] for check in checks)
    mended = patient.examine(repair=True)
    assert all(Verdict.MENDED in [each.verdict for each in of(mended, check)] for check in checks)
    after = patient.examine()
    assert [each for each in after.findings if each.verdict is not Verdict.OK] == []


def test_RC2_a_lost_guard_is_made_again_only_on_the_word_of_the_operator(patient: Patient) -> None:
    no_guard(patient)
    (finding,) = of(patient.examine(repair=True), "guard")
    assert finding.verdict is Verdict.PROBLEM
    assert "--new-guard" in finding.advice.en
    made = of(patient.examine(new_guard=True), "guard")
    assert [each.verdict for each in made] == [Verdict.MENDED, Verdict.OK]
    # What is lost afterwards is missed: the new guard knows votes and height.
    patient.write(*((Space.VOTE, vote_key(patient, phase), None) for phase in (b"commit", b"prepared")))
    (finding,) = of(patient.examine(), "guard")
    assert "the store lacks the commit at seq 3" in finding.found.en


def test_situation_45_46_an_old_or_empty_data_directory_is_a_warning(patient: Patient) -> None:
    patient.write((Space.VOTE, vote_key(patient, b"commit"), None))
    (finding,) = of(patient.examine(), "guard")
    assert finding.verdict is Verdict.WARNING
    assert "votes again from height 3 on" in finding.advice.en
    patient.edit('data_dir: "data"', "data_dir: empty")
    examination = patient.examine()
    assert of(examination, "data")[0].verdict is Verdict.WARNING
    assert "votes again from height 3 on" in of(examination, "guard")[0].advice.en
    assert examination.is_well
    assert not (patient.folder / "empty").exists(), "looking changes nothing"


def test_certificate_that_ends_soon_or_has_ended(patient: Patient) -> None:
    end = NOW + timedelta(days=825)
    assert of(patient.examine(now=end - timedelta(days=29)), "tls")[0].verdict is Verdict.WARNING
    assert of(patient.examine(now=end + timedelta(days=1)), "tls")[0].verdict is Verdict.PROBLEM


def test_clock_behind_the_chain_or_apart_from_others(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    (finding,) = of(patient.examine(now=datetime(2026, 1, 1, tzinfo=UTC)), "clock")
    assert finding.verdict is Verdict.PROBLEM
    assert "behind the last block" in finding.found.en
    monkeypatch.setattr(surroundings, "_time_of", lambda host, port: NOW - timedelta(minutes=3))
    (finding,) = of(examine(patient.config, now=NOW, peers=[("a", 1)]), "clock")
    assert "0:03:00 apart from the clock at a:1" in finding.found.en


def test_little_room(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, verdict in (("SPACE_BYTES_LOW", Verdict.WARNING), ("SPACE_BYTES_MIN", Verdict.PROBLEM)):
        monkeypatch.setattr(surroundings, limit, 2**62)
        assert of(patient.examine(), "space")[0].verdict is verdict


def test_port_that_somebody_holds(patient: Patient) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        old = next(line for line in patient.config.read_text().splitlines() if "api_listen" in line)
        patient.edit(old, f"api_listen: 127.0.0.1:{port}")
        (finding,) = of(patient.examine(), "ports")
    assert str(port) in finding.found.en
    assert finding.verdict is Verdict.PROBLEM


def test_sealed_key_without_passphrase_is_skipped(patient: Patient) -> None:
    path = patient.folder / "validator.key"
    path.unlink()
    write_key_file(path, SUITE.name, derive_secret(1, f"validator/{NAME}"), "secret")
    examination = patient.examine()
    assert of(examination, "key")[0].verdict is Verdict.SKIPPED
    assert of(examination, "data")[0].verdict is Verdict.SKIPPED
    assert examine(patient.config, now=NOW, passphrase="secret").is_well


def test_memory_store_is_a_warning(patient: Patient) -> None:
    patient.config.write_text(patient.config.read_text() + "store: memory\n")
    assert of(patient.examine(), "data")[0].verdict is Verdict.WARNING


def test_a_running_validator_is_said_to_run(patient: Patient, capsys: pytest.CaptureFixture[str]) -> None:
    store = RocksStore(patient.folder / "data", patient.chain_id)
    status = run(["doctor", "--config", str(patient.config)])
    store.close()
    assert status == 4
    assert "the validator runs" in capsys.readouterr().out


def test_command_for_one_and_for_a_network(patient: Patient, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--config", str(patient.config), "--lang", "zh", "--deep"]) == 0
    assert "签署防护" in capsys.readouterr().out
    root = str(patient.folder.parents[1])
    assert run(["doctor", "--network", root, "--json", "-"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in value["validators"]] == [f"validator-{index}" for index in range(4)]
    damaged_vote(patient)
    assert run(["doctor", "--config", str(patient.config), "-q"]) == 1


def test_a_named_validator_counts_more_than_the_network_of_the_environment(
    patient: Patient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOVCHAIN_NETWORK", str(patient.folder.parents[1]))
    assert run(["doctor", "--config", str(patient.config), "--json", "-"]) == 0
    assert len(json.loads(capsys.readouterr().out)["validators"]) == 1
    assert run(["doctor", "--json", "-"]) == 0
    assert len(json.loads(capsys.readouterr().out)["validators"]) == 4


def test_what_cannot_be_looked_at_at_all_is_bad_input(patient: Patient) -> None:
    assert run(["doctor"]) == 2
    assert run(["doctor", "--network", str(patient.folder), "--config", str(patient.config)]) == 2
    assert run(["doctor", "--network", str(patient.folder.parents[1]), "--new-guard"]) == 2
    patient.edit("name:", "nane:")
    with pytest.raises(ConfigError):
        patient.examine()
