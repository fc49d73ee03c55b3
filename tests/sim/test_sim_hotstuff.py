"""The second protocol in the simulator: the same faults, judges and reports as PBFT."""

from __future__ import annotations

import ast
import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from govchain.codec import decode, encode
from govchain.config import DurationNs
from govchain.consensus import SignedMessage
from govchain.crypto import Signer, digest_of, suite
from govchain.errors import ConfigError
from govchain.hotstuff import BlockProposal, BlockVote, QuorumCertificate, voting
from govchain.model.link_fault import CUT
from govchain.report import Reporter
from govchain.scenario import LocalBackend, RemoteBackend, Result, SimBackend, parse_scenario, run_scenario
from govchain.sim import PROTOCOLS, FixedLatency, SimCluster, TraceEvent
from govchain.sim.network import Frame
from govchain.sim.protocols import HOTSTUFF, ChainedHotStuff
from govchain.swarm import draw_case, run_case
from govchain.sweep import open_engine, parse_axis, plan_sweep, run_sweep
from tests.sim.test_sim_cluster import deposit, network
from tests.support.scenario_texts import PROJECT, SMALL, play

NS_PER_S = 1_000_000_000
LATENCY_NS = 20_000_000
WORLD = """\
govchain: 1
meta: {title: Two protocols}
organisations:
  - {id: evp, code: 91990100MA0XX00Y57, name: Platform, roles: [evidence-platform], validators: 4}
network: {latency: {fixed: 20ms}}
protocol: {consensus: hotstuff, view_timeout: 500ms, checkpoint: 4}
workload: [{org: evp, rate: {closed_loop: 2}, to: 4s}]
expect: {liveness: [{within: 8s, after: heal_all}]}
timeline:
"""


def hotstuff_cluster(validators: int = 4, listener: list[TraceEvent] | None = None) -> Any:
    made = network(validators)
    secrets = {name.removeprefix("validator/"): secret for name, secret in made.secrets.items()}
    cluster = SimCluster(
        made.genesis,
        secrets,
        protocol=HOTSTUFF,
        latency=FixedLatency(DurationNs(LATENCY_NS)),
        listener=None if listener is None else listener.append,
    )
    return cluster, made


def finish(cluster: SimCluster, count: int) -> list[str]:
    """Let `count` transactions become final everywhere; what was broken."""

    def is_done() -> bool:
        return all(
            node.ledger.transaction_count == count and node.final_height == node.ledger.height
            for node in cluster.running()
        )

    assert cluster.run_until(is_done, limit_ns=cluster.now_ns + 30 * NS_PER_S) or cluster.checks.violations
    return [each.invariant for each in cluster.finish()]


def fails(result: Result) -> list[object]:
    return [each for each in (*result.expectations, *result.invariants) if not each.ok]


@pytest.mark.parametrize("validators", [1, 4, 7])
def test_both_protocols_lead_to_the_same_state(validators: int) -> None:
    roots = []
    for protocol in PROTOCOLS.values():
        made = network(validators)
        secrets = {name.removeprefix("validator/"): secret for name, secret in made.secrets.items()}
        cluster = SimCluster(made.genesis, secrets, protocol=protocol)
        for number in range(12):
            cluster.submit(deposit(cluster, made, number), to=number % validators)
        assert finish(cluster, 12) == []
        roots.append({node.ledger.state_root for node in cluster.running()})
    assert roots[0] == roots[1]
    assert len(roots[0]) == 1


def test_law_a_record_is_final_seven_links_after_it_was_handed_in_at_a_follower() -> None:
    """To the leader, block, votes, block, votes, block, attestations; PBFT needs five."""
    events: list[TraceEvent] = []
    cluster, made = hotstuff_cluster(listener=events)
    cluster.submit(deposit(cluster, made, 0), to=0)
    assert finish(cluster, 1) == []
    first = min(event.time_ns for event in events if event.kind == "final")
    last = max(event.time_ns for event in events if event.kind == "final")
    assert first == 6 * LATENCY_NS + LATENCY_NS, (
        "the leader of view 3 executes a link earlier than the others"
    )
    assert last == 7 * LATENCY_NS


def test_an_idle_chain_says_nothing() -> None:
    cluster, made = hotstuff_cluster()
    cluster.submit(deposit(cluster, made, 0), to=0)
    assert finish(cluster, 1) == []
    cluster.run_to(cluster.now_ns + 2 * NS_PER_S)
    before = cluster.events
    cluster.run_to(cluster.now_ns + 3600 * NS_PER_S)
    assert cluster.events == before


FAULTS = {
    "crash": "at: 1s, do: crash, target: primary, for: 1s",
    "wiped disk": "at: 1s, do: crash, target: validator-1, disk: wipe, for: 1s",
    "torn disk": "at: 1s, do: crash, target: validator-1, disk: lose_unsynced, for: 1s",
    "all crash": "at: 1s, do: crash, target: all, for: 500ms",
    "pause": "at: 1s, do: pause, target: validator-2, for: 1s",
    "halves": "at: 1s, do: partition, groups: [[validator-0, validator-1], rest], for: 1s",
    "drop": "at: 1s, do: drop, target: all, percent: 20, for: 1s",
    "delay": "at: 1s, do: delay, target: all, jitter: 300ms, for: 1s",
    "reorder": "at: 1s, do: reorder, target: all, percent: 60, for: 1s",
    "duplicate": "at: 1s, do: duplicate, target: all, percent: 100, for: 1s",
    "clock": "at: 1s, do: clock_skew, target: validator-2, ahead: 10m, for: 1s",
    "silent": "at: 1s, do: byzantine, target: validator-0, behaviour: silent, for: 1s",
    "slow": "at: 1s, do: byzantine, target: validator-0, behaviour: slow, for: 1s",
    "equivocate": "at: 1s, do: byzantine, target: validator-0, behaviour: equivocate, for: 1s",
    "censor": "at: 1s, do: byzantine, target: validator-0, behaviour: {censor: evp}, for: 1s",
    "mutate": "at: 1s, do: byzantine, target: validator-0, behaviour: mutate, for: 1s",
    "twins": "at: 1s, do: byzantine, target: validator-0, behaviour: twins, for: 1s",
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_faults_know_no_protocol(fault: str) -> None:
    result = play(WORLD + f"  - {{{fault}}}\n  - {{at: 2500ms, do: heal_all}}\n", is_symbolic=True)
    assert fails(result) == []
    assert result.faults


# What seeds once broke is kept in scenarios/regressions, as of every swarm.
@pytest.mark.parametrize("seed", [3, 7, 11])
def test_random_networks_break_no_promise(seed: int) -> None:
    assert run_case(draw_case(seed, "hotstuff")).broken == ()


def test_HS3_a_view_that_nobody_can_show_to_have_begun_is_asked_for_in_vain() -> None:
    line = "  - {at: 10ms, do: byzantine, target: validator-2, behaviour: huge_views, for: 3s}\n"
    result = play(WORLD + line)
    assert fails(result) == []
    assert result.happened["lie"] > 50
    assert result.happened["view_change"] == 0


def test_equal_seeds_give_equal_runs() -> None:
    text = WORLD + "  - {at: 1s, do: crash, target: primary, for: 1s}\n"
    digests = {play(text, is_symbolic=True).digest for _ in range(2)}
    assert len(digests) == 1
    assert play(text.replace("hotstuff", "pbft"), is_symbolic=True).digest not in digests


def test_a_receipt_does_not_tell_which_protocol_ordered_it() -> None:
    result = play(SMALL.replace("steps:", "protocol: {consensus: hotstuff}\nsteps:"))
    assert fails(result) == []
    assert [each.verified for each in result.receipts] == [True]


_PEER_MESSAGES: Final[Any] = BlockProposal | BlockVote


class StaleLeader:
    """Keeps votes of view 2 to validator 3, and builds on genesis whatever was locked on."""

    def __init__(self, signer: Signer, root: QuorumCertificate) -> None:
        self._signer = signer
        self._root = root
        self._forks: dict[bytes, bytes] = {}

    def sends(self, target: int, frame: Frame) -> list[Frame]:
        message = self._read(frame)
        if isinstance(message, BlockVote):
            if message.digest in self._forks:
                return [self._sign(msgspec.structs.replace(message, digest=self._forks[message.digest]))]
            return [] if message.view == 2 and target != 3 else [frame]
        if message is None or message.block.batch is None or message.timeout is None:
            return [frame]
        batch = msgspec.structs.replace(message.block.batch, seq=1)
        block = msgspec.structs.replace(message.block, justify=self._root, batch=batch, seq=1)
        self._forks[digest_of(suite(), message.block)] = digest_of(suite(), block)
        return [self._sign(msgspec.structs.replace(message, block=block))]

    def takes(self, source: int, frame: Frame) -> bool:
        message = self._read(frame)
        return not (isinstance(message, BlockVote) and message.view == 2)

    def _read(self, frame: Frame) -> Any:
        tags = (b"hotstuff-proposal", b"hotstuff-vote")
        is_one = isinstance(frame, SignedMessage) and any(tag in frame.body[:48] for tag in tags)
        return decode(frame.body, _PEER_MESSAGES) if is_one and isinstance(frame, SignedMessage) else None

    def _sign(self, message: msgspec.Struct) -> SignedMessage:
        body = encode(message)
        return SignedMessage(body, self._signer.sign(body))


def play_fork(cluster: SimCluster, made: Any) -> list[str]:
    """One validator alone learns that a block is committed; then a liar proposes another one in its place.

    Validator 3 leads view 3: it collects the votes of view 2, and nothing of what it says arrives. The liar
    is validator 0, which leads view 4.
    """
    cluster.checks.forgive(0)
    root = QuorumCertificate(0, cluster.running()[0].chain.chain_id, ())
    cluster.traitors[0] = StaleLeader(suite().signer(made.secrets["validator/validator-0"]), root)
    cluster.links.faults = {(3, other): CUT for other in range(3)}
    cluster.submit(deposit(cluster, made, 0), to=1)
    assert cluster.run_until(lambda: cluster.node(3).ledger.height == 1, limit_ns=NS_PER_S)
    cluster.links.faults = {**cluster.links.faults, **{(other, 3): CUT for other in range(3)}}
    assert [cluster.node(index).ledger.height for index in range(4)] == [0, 0, 0, 1]
    cluster.submit(deposit(cluster, made, 1), to=0)
    cluster.run_until(lambda: cluster.node(1).ledger.height >= 1, limit_ns=60 * NS_PER_S)
    return [each.invariant for each in cluster.checks.violations]


def test_HS4_with_the_lock_a_stale_leader_forks_nothing() -> None:
    cluster, made = hotstuff_cluster()
    assert play_fork(cluster, made) == []
    cluster.links.faults = {}
    assert finish(cluster, 2) == []


def test_HS4_without_the_lock_the_judge_sees_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voting, "is_safe", lambda block, timeout: True)
    cluster, made = hotstuff_cluster()
    assert "agreement" in play_fork(cluster, made)


def test_HS8_a_vote_that_is_not_durable_is_seen_by_the_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voting, "keep_signed", lambda state, phase, signed, output: None)
    cluster, made = hotstuff_cluster()
    cluster.submit(deposit(cluster, made, 0), to=1)
    cluster.run_to(NS_PER_S)
    assert cluster.checks.violations[0].invariant == "durable-votes"


def test_two_votes_in_one_view_are_seen_by_the_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, made = hotstuff_cluster()
    signer = suite().signer(made.secrets["validator/validator-2"])
    chain_id = cluster.running()[0].chain.chain_id
    for number in range(2):
        body = encode(BlockVote(chain_id, 0, 2, 1, bytes([number]) * 32))
        vote = HOTSTUFF.identify_vote(cluster.suite, SignedMessage(body, signer.sign(body)))
        assert vote is not None
        cluster.checks.note_vote(vote, is_durable=True)
    assert [each.invariant for each in cluster.checks.violations] == ["no-double-vote"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{at: 1s, do: membership, change: leave, target: validator-0}", "changes no validators"),
        ("{at: 1s, do: rotate_key, target: validator-0}", "changes no validators"),
    ],
)
def test_changes_of_validators_are_refused(line: str, problem: str) -> None:
    text = WORLD.replace("network:", "people: [{id: boss, org: evp, roles: [admin]}]\nnetwork:")
    with pytest.raises(ConfigError, match=problem) as error:
        play(text + f"  - {line}\n")
    assert error.value.line == text.count("\n") + 1


def test_a_behaviour_that_a_protocol_does_not_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChainedHotStuff, "traitors", {"replay": ChainedHotStuff.traitors["replay"]})
    line = "  - {at: 1s, do: byzantine, target: validator-0, behaviour: twins}\n"
    with pytest.raises(ConfigError, match="no such behaviour under hotstuff; found 'twins'") as error:
        play(WORLD + line)
    assert error.value.expected == "silent, slow, replay, {censor: ORGANISATION}"


@pytest.mark.parametrize("name", ["local", "remote"])
def test_real_validators_refuse_the_second_protocol(name: str, tmp_path: Path) -> None:
    loaded = parse_scenario(WORLD.partition("timeline:")[0].replace("heal_all", "crash"), "two.yaml", PROJECT)
    now = datetime(2026, 11, 3, tzinfo=UTC)
    backend = LocalBackend(tmp_path, now=now) if name == "local" else RemoteBackend(["http://nowhere:1"])
    with pytest.raises(ConfigError, match="no such protocol") as error:
        asyncio.run(run_scenario(loaded, backend))
    assert error.value.found == "hotstuff"
    assert not list(tmp_path.iterdir())


def test_a_report_shows_blocks_votes_and_views_that_failed(tmp_path: Path) -> None:
    reporter = Reporter(tmp_path, "two", 1)
    text = WORLD + "  - {at: 1s, do: crash, target: validator-1, for: 1s}\n  - {at: 2500ms, do: heal_all}\n"
    backend = SimBackend(listener=reporter.add_event, on_wire=reporter.add_frame)
    loaded = parse_scenario(text, "two.yaml", PROJECT)
    result = asyncio.run(run_scenario(loaded, backend, folder=reporter))
    assert result.verdict == "pass"
    assert 1 <= result.happened["view_change"] < 20, "views that failed, not views"
    film = reporter._film.to_plain(4)
    assert {"proposal", "vote", "timeout", "attestation"} <= set(film["kinds"])
    assert "unknown" not in film["kinds"]
    names = {film["mark_names"][mark[2]] for mark in film["marks"]}
    assert {"proposed", "prepared", "committed", "executed", "final", "view-change"} <= names


def test_a_sweep_compares_both() -> None:
    text = WORLD.partition("timeline:")[0].replace("expect: {liveness: [{within: 8s, after: heal_all}]}", "")
    axis = parse_axis("protocol.consensus=pbft,hotstuff")
    with open_engine("process", jobs=1, cluster=None) as spread:
        result = run_sweep(
            plan_sweep(parse_scenario(text, "two.yaml", PROJECT), [axis], repeats=2, seed=None), spread
        )
    assert [cell.verdicts for cell in result.cells] == [{"pass": 2}, {"pass": 2}]
    pbft, hotstuff = (cell.figures["latency_p50_ms"].mean for cell in result.cells)
    assert pbft < hotstuff
    assert [cell.figures["view_changes"].mean for cell in result.cells] == [0, 0]


SPECIFIC: Final = {"Replica", "verify_message", "REJECTION_CODES", "identify_vote"}
"""What belongs to PBFT alone."""


def test_nothing_in_the_simulator_knows_a_protocol_but_the_port_filled_in() -> None:
    knowing = []
    for path in sorted((PROJECT / "govchain" / "sim").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and {each.name for each in node.names} & SPECIFIC:
                knowing.append(path.stem)
    assert set(knowing) == {"protocols", "traitors"}
