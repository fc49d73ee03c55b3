"""What a new view takes over, against a second way to say it: by searching the whole run, not seq by seq."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from govchain.consensus.certificates import CheckedViewChange, Prepared
from govchain.consensus.messages import CertifiedHeader, Proposal, SignedMessage
from govchain.consensus.new_view import compute_carried
from govchain.consensus.slots import Position, ProposalEntry
from govchain.crypto import compute_root, digest_of
from govchain.model import Batch, BlockHeader, FinalityCertificate
from tests.support.consensus_world import GENESIS_MS, SUITE, tx

CHAIN = SUITE.digest(b"chain")
ORIGIN = Position(0, CHAIN, GENESIS_MS)


def make_entry(seq: int, name: str, parent: bytes, view: int, time_ms: int) -> ProposalEntry:
    ids = (tx(name),)
    batch = Batch(CHAIN, 0, seq, time_ms, 0, compute_root(SUITE, ids), 1)
    proposal = Proposal(CHAIN, 0, view % 4, view, seq, parent, batch, ids)
    return ProposalEntry(proposal, SignedMessage(b"", b""), digest_of(SUITE, batch))


def make_base(entry: ProposalEntry) -> CertifiedHeader:
    zero = bytes(32)
    seq, batch = entry.message.seq, entry.message.batch
    header = BlockHeader(CHAIN, 0, seq, zero, batch.time_ms, 0, entry.digest, zero, 1, zero, zero, zero)
    return CertifiedHeader(header, FinalityCertificate(CHAIN, 0, seq, zero, ()))


def make_changes(random: Random) -> list[CheckedViewChange]:
    """View changes over a few histories that agree, disagree, repeat and go back in time."""
    histories = []
    for _ in range(3):
        before, time_ms, history = CHAIN, GENESIS_MS, []
        for seq in range(1, 6):
            time_ms += random.choice([0, 1, 1, -1])
            name = random.choice("ab") + str(random.choice([seq, seq, seq, 1]))
            entry = make_entry(seq, name, before, random.randrange(3), time_ms)
            history.append(entry)
            before = entry.digest
        histories.append(history)
    changes = []
    for validator in range(random.choice([3, 4, 5])):
        history = random.choice(histories)
        base = random.choice([0, 0, 1, 2])
        shown = [
            random.choice([entry, random.choice(histories)[entry.message.seq - 1]])
            for entry in history[base : random.randrange(base, 6)]
        ]
        prepared = tuple(
            Prepared(entry.message.seq, entry.message.view, entry) for entry in shown if random.random() < 0.9
        )
        header = make_base(histories[0][base - 1]) if base else None
        changes.append(
            CheckedViewChange(validator, 9, header, 0 if header is None else header.header.height, prepared)
        )
    return changes


def naive(changes: list[CheckedViewChange]) -> list[bytes]:
    """Digests of the run, by the definition: the longest start of winners in which each follows the last."""
    base = max((change.base_height for change in changes), default=0)
    headers = [c.base.header for c in changes if c.base is not None and c.base_height == base]
    first = (headers[0].batch_digest, headers[0].time_ms) if headers else (CHAIN, GENESIS_MS)
    everything = [prepared for change in changes for prepared in change.prepared]
    winners: list[ProposalEntry] = []
    for seq in range(base + 1, base + 20):
        at = [prepared for prepared in everything if prepared.seq == seq]
        if not at:
            break
        winners.append(sorted(at, key=lambda prepared: -prepared.view)[0].entry)

    def follows(count: int) -> bool:
        digests = [first[0]] + [entry.digest for entry in winners[:count]]
        times = [first[1]] + [entry.message.batch.time_ms for entry in winners[:count]]
        ids = [id_ for entry in winners[:count] for id_ in entry.message.transaction_ids]
        linked = all(
            any(
                p.entry.digest == entry.digest and p.entry.message.parent == digests[place]
                for p in everything
                if p.seq == entry.message.seq
            )
            for place, entry in enumerate(winners[:count])
        )
        return linked and times == sorted(times) and len(dict.fromkeys(ids)) == len(ids)

    best = max(count for count in range(len(winners) + 1) if all(follows(c) for c in range(count + 1)))
    return [entry.digest for entry in winners[:best]]


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_VC3_what_is_carried_is_what_the_definition_says(seed: int) -> None:
    changes = make_changes(Random(seed))
    carried = compute_carried(ORIGIN, changes)
    assert [each.digest for each in carried.batches] == naive(changes)
    assert carried.base_height == max((change.base_height for change in changes), default=0)
    parents = [each.parent for each in carried.batches]
    assert parents[1:] == [each.digest for each in carried.batches[:-1]]


def test_VC3_the_twin_sees_runs_of_every_kind() -> None:
    """The comparison would prove little if nothing were ever carried, or never cut short."""
    lengths = []
    for seed in range(400):
        changes = make_changes(Random(seed))
        run = compute_carried(ORIGIN, changes)
        highest = max((p.seq for change in changes for p in change.prepared), default=0)
        lengths.append((len(run.batches), highest - run.base_height - len(run.batches)))
    assert max(length for length, _ in lengths) >= 3
    assert sum(cut > 0 for _, cut in lengths) > 50
    assert sum(cut == 0 and length > 0 for length, cut in lengths) > 20
