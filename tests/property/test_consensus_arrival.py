"""Every order in which one round's messages can arrive at a replica ends alike (situation 14)."""

from __future__ import annotations

from itertools import permutations

from govchain.codec import encode
from govchain.consensus import BlockExecuted, Output, Replica, TransactionsAvailable, Verified
from govchain.consensus.messages import ConsensusMessage
from govchain.crypto import digest_of
from tests.support.consensus_world import GENESIS_MS, SIGNERS, SUITE, World, tx

ME = 3


def round_messages(world: World) -> list[ConsensusMessage]:
    """What validator 3 gets in one round from the others, short of the last commit that it does not need."""
    proposal = world.make_proposal(["a"])
    digest = digest_of(SUITE, proposal.batch)
    return [
        proposal,
        world.prepare(1, digest),
        world.prepare(2, digest),
        world.commit(0, digest),
        world.commit(1, digest),
        world.commit(2, digest),
    ]


def run(world: World, events: list[Verified | TransactionsAvailable]) -> list[Output]:
    replica = Replica(world.genesis, SUITE, SIGNERS[ME])
    outputs = [replica.start(GENESIS_MS)]
    for event in events:
        outputs.append(replica.handle(event, GENESIS_MS))
        for decision in outputs[-1].decide:
            header = world.make_header(world.members[ME], decision.batch)
            outputs.append(replica.handle(BlockExecuted(header, digest_of(SUITE, header)), GENESIS_MS))
    assert replica.status().head_height == 1
    return outputs


def outcome(outputs: list[Output]) -> tuple[object, ...]:
    """Everything that must not depend on the order of arrival."""
    return (
        [
            (entry.seq, entry.phase, encode(entry.signed))
            for output in outputs
            for entry in output.persist
            if entry.phase != "prepared"  # Any quorum of prepares proves as much as any other.
        ],
        [encode(send.signed) for output in outputs for send in output.send],
        [decision for output in outputs for decision in output.decide],
    )


def test_situation_14_NC8_all_arrival_orders_of_one_round_end_alike() -> None:
    """All 5,040 orders of six messages and the transaction itself."""
    world = World(4)
    events: list[Verified | TransactionsAvailable] = [world.verified(m) for m in round_messages(world)]
    events.append(TransactionsAvailable(((tx("a"), 100),)))
    expected = outcome(run(world, events))
    assert expected[2] != []
    for order in permutations(events):
        assert outcome(run(world, list(order))) == expected


def test_situation_14_NC8_every_message_twice_changes_nothing() -> None:
    world = World(4)
    events: list[Verified | TransactionsAvailable] = [world.verified(m) for m in round_messages(world)]
    events.append(TransactionsAvailable(((tx("a"), 100),)))
    expected = outcome(run(world, events))
    twice = [event for event in events for _ in range(2)]
    assert outcome(run(world, twice)) == expected
    assert outcome(run(world, events + events)) == expected
