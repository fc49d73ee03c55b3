"""Other validators from a checkpoint on: the core's side of membership (rules MB-2 to MB-4)."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from govchain.consensus import EarlyMessages, SetTimer, SignedMessage, TimerKind, verify_message
from govchain.consensus.epochs import EARLY_MAX
from govchain.consensus.messages import Prepare
from govchain.crypto import digest_of, verify_finality
from govchain.errors import BadProof, ProtocolViolation
from govchain.model import Attestation, Validator
from tests.support.consensus_world import (
    SIGNERS,
    SPARE_SIGNERS,
    SUITE,
    Envelope,
    World,
    small_parameters,
)

K = 4


def member(index: int, *, rotated: bool = False) -> Validator:
    signer = (SPARE_SIGNERS if rotated else SIGNERS)[index]
    return Validator(f"validator-{index}", "org", signer.public_key)


def members(indices: Sequence[int], *, rotated: Sequence[int] = ()) -> list[Validator]:
    return [member(index, rotated=index in rotated) for index in indices]


def world_of(n: int, candidates: int = 1) -> World:
    return World(n, parameters=small_parameters(), candidates=candidates)


def fill(world: World, height: int, *, among: Sequence[int] | None = None) -> None:
    """One transaction a block until somebody stands at this height."""
    tops = [each.disk.headers for each in world.members]
    while max(map(len, tops)) < height:
        world.submit(f"t{max(map(len, tops)) + 1}", to=list(among) if among is not None else None)
        world.settle()


def is_attestation_of(envelope: Envelope, height: int) -> bool:
    return isinstance(envelope.message, Attestation) and envelope.message.height == height


def epochs(world: World) -> list[int]:
    return [world.replica(index).validators.epoch for index in range(len(world.members))]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7])
def test_situation_55_MB2_a_validator_joins_at_the_checkpoint(n: int) -> None:
    world = world_of(n)
    world.plan(K, members(range(n + 1)))
    fill(world, K - 1)
    assert epochs(world) == [0] * (n + 1)
    assert world.replica(n).status().index == -1
    fill(world, K)
    world.advance(1_000)
    assert epochs(world) == [1] * (n + 1)
    assert world.replica(n).status().index == n
    fill(world, 3 * K)
    world.advance(2_000)
    heights = [len(each.disk.headers) for each in world.members]
    assert heights == [3 * K] * (n + 1)
    # The old validators certify the block that installs the new ones, and the new ones what follows.
    disk = world.members[n].disk
    verify_finality(SUITE, world.sets[0], disk.certificates[K], disk.headers[K - 1])
    verify_finality(SUITE, world.sets[1], disk.certificates[K + 1], disk.headers[K])


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("who", ["first", "last"])
def test_situation_55_MB2_a_validator_leaves_and_follows_as_an_observer(n: int, who: str) -> None:
    world = world_of(n, candidates=0)
    gone = 0 if who == "first" else n - 1
    world.plan(K, members([index for index in range(n) if index != gone]))
    fill(world, 2 * K + 1)
    world.advance(4_000)
    assert epochs(world) == [1] * n
    assert world.replica(gone).status().index == -1
    assert [len(each.disk.headers) for each in world.members] == [2 * K + 1] * n
    outputs = world.members[gone].outputs
    changed = next(
        place
        for place, (_, output) in enumerate(outputs)
        if "epoch-changed" in [n.event for n in output.notes]
    )
    assert not [cause for cause, output in outputs[changed + 1 :] if output.send], "who left signs nothing"


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7])
def test_situation_55_MB4_a_key_is_rotated_at_the_checkpoint(n: int) -> None:
    world = world_of(n, candidates=0)
    world.plan(K, members(range(n), rotated=[n - 1]))
    fill(world, 2 * K)
    world.advance(2_000)
    assert epochs(world) == [1] * n
    assert [len(each.disk.headers) for each in world.members] == [2 * K] * n
    assert world.replica(n - 1).status().index == n - 1


def test_MB2_nobody_votes_above_a_checkpoint_before_executing_it() -> None:
    world = World(4, parameters=small_parameters(pipeline=8, batch_records_max=1), executes=False)
    for number in range(3 * K):
        world.submit(f"t{number}")
    world.deliver_all()
    proposed = [seq for seq, _, phase in world.members[0].disk.log if phase == "proposal"]
    assert proposed == [1, 2, 3, 4], "eight may be in flight, but only four lie below the checkpoint"
    parent = world.members[0].decided[-1].batch
    early = world.make_proposal(["t9"], seq=K + 1, parent=digest_of(SUITE, parent))
    assert not world.inject(1, early).persist, "a backup does not vote there either, whoever asks"
    world.settle()
    assert world.replica(0).status().head_height == 3 * K


def test_MB2_the_pause_at_a_checkpoint_ends_without_a_timer() -> None:
    world = World(4, parameters=small_parameters())
    for number in range(5 * K):
        world.submit(f"t{number}")
    world.settle()
    assert len(world.order(0)) == 5 * K
    assert not [cause for cause, _ in world.members[0].outputs if "timer" in cause]


def test_situation_56_MB3_an_old_epochs_votes_and_certificates_are_worthless() -> None:
    world = world_of(4)
    world.plan(K, members(range(5)))
    fill(world, K)
    world.advance(1_000)
    old = world.prepare(1, world.members[0].disk.headers[-1].batch_digest, seq=K + 1)
    with pytest.raises(ProtocolViolation) as refused:
        world_verify(world, old)
    assert refused.value.code == "wrong-epoch"
    disk = world.members[0].disk
    with pytest.raises(BadProof, match="epochs differ"):
        verify_finality(SUITE, world.sets[1], disk.certificates[K], disk.headers[K - 1])


def world_verify(world: World, message: Prepare) -> None:
    signed = world.verified(message).signed
    verify_message(SUITE, world.replica(0).validators, world.chain_id, signed)


@pytest.mark.parametrize("silent", range(4))
def test_situation_55_one_of_the_old_is_down_around_the_boundary(silent: int) -> None:
    world = world_of(4)
    world.plan(K, members(range(5)))
    fill(world, K - 1)
    world.crash(silent)
    alive = [index for index in range(5) if index != silent]
    for _ in range(40):
        world.submit(*[f"x{len(world.members[alive[0]].disk.headers)}"], to=alive)
        world.advance(2_000)
        if min(len(world.members[index].disk.headers) for index in alive) >= K + 2:
            break
    assert min(len(world.members[index].disk.headers) for index in alive) >= K + 2
    world.restart(silent)
    world.advance(20_000)
    assert epochs(world) == [1] * 5
    assert len({tuple(world.order(index)[: K + 2]) for index in range(5)}) == 1


def test_situation_55_a_crash_between_execution_and_certificate_of_the_boundary() -> None:
    world = world_of(4)
    world.plan(K, members([0, 1, 2, 4]))
    fill(world, K - 1)
    world.submit("last")
    while min(len(each.disk.headers) for each in world.members[:4]) < K:
        world.deliver(next(e for e in world.wire if not is_attestation_of(e, K)))
    for index in range(4):
        world.crash(index)
    for index in range(4):
        world.restart(index)
    assert world.replica(0).validators.epoch == 0
    world.advance(3_000)
    assert epochs(world) == [1] * 5
    fill(world, K + 2)
    world.advance(3_000)
    assert [len(each.disk.headers) for each in world.members] == [K + 2] * 5


def test_situation_55_everybody_restarts_in_the_new_epoch() -> None:
    world = world_of(4)
    world.plan(K, members([1, 2, 3, 4]))
    fill(world, K + 2)
    world.advance(3_000)
    for index in range(5):
        world.crash(index)
    for index in range(5):
        world.restart(index)
    world.advance(3_000)
    assert epochs(world) == [1] * 5
    fill(world, 2 * K + 1)
    world.advance(3_000)
    assert [len(each.disk.headers) for each in world.members] == [2 * K + 1] * 5


def test_situation_55_56_a_view_of_the_old_epoch_says_nothing_after_a_restart() -> None:
    """Its entries in the log are replaced, not removed; the members of today cannot verify them."""
    world = world_of(4)
    world.plan(K, members([1, 2, 3, 4]))
    fill(world, K - 1)
    world.crash(0)
    world.submit("late", to=[1, 2, 3, 4])
    world.advance(20_000)
    world.restart(0)
    world.advance(20_000)
    assert epochs(world) == [1] * 5
    assert any(entry.phase == "new-view" for entry in world.members[1].disk.log.values())
    for index in range(5):
        world.crash(index)
    for index in range(5):
        world.restart(index)
    assert [world.replica(index).status().view for index in range(5)] == [0] * 5
    fill(world, K + 2)
    world.advance(3_000)
    assert [len(each.disk.headers) for each in world.members] == [K + 2] * 5


def test_MB2_a_view_change_runs_in_the_new_epoch() -> None:
    world = world_of(4)
    world.plan(K, members([0, 2, 3, 4]))
    fill(world, K)
    world.advance(1_000)
    world.crash(0)  # Primary of view 0 of the new epoch.
    world.submit("after", to=[1, 2, 3, 4])
    world.advance(20_000)
    assert all("after" in world.order(index) for index in (1, 2, 3, 4))
    assert world.replica(2).status().view == 1


@pytest.mark.parametrize("seed", range(12))
def test_situation_55_storm_of_lost_messages_crashes_and_three_epochs(seed: int) -> None:
    rng = random.Random(seed)
    n = rng.choice([2, 3, 4, 5, 6, 7])
    world = world_of(n)
    world.plan(K, members(range(n + 1)))
    world.plan(2 * K, members(range(n + 1), rotated=[0]))
    world.plan(4 * K, members(range(1, n + 1)))
    down: list[int] = []
    sent = 0
    for _ in range(400):
        act = rng.random()
        up = [index for index in range(n + 1) if index not in down]
        if act < 0.25:
            sent += 1
            world.submit(f"s{sent}", to=up)
        elif act < 0.3 and not down and (n + 1) >= 5:
            down.append(rng.choice(up))
            world.crash(down[0])
        elif act < 0.36 and down:
            world.restart(down.pop())
        elif act < 0.45 and world.wire:
            world.wire.remove(rng.choice(world.wire))
        elif act < 0.6:
            world.advance(rng.choice([100, 500, 2_000]))
        else:
            for _ in range(min(len(world.wire), rng.randrange(1, 30))):
                if world.wire:
                    world.deliver(rng.choice(world.wire))
    while down:
        world.restart(down.pop())
    for round_ in range(60):
        world.submit(f"end{round_}")
        world.advance(10_000)
        if min(epochs(world)) == 3:
            break
    assert epochs(world) == [3] * (n + 1)
    world.advance(60_000)
    orders = [world.order(index) for index in range(n + 1)]
    shortest = min(map(len, orders))
    assert all(order[:shortest] == orders[0][:shortest] for order in orders)


def test_MB2_early_messages_are_bounded_and_only_of_the_next_epoch() -> None:
    world = world_of(4)
    early = EarlyMessages()
    votes = [world.prepare(1, digest_of(SUITE, member(seq)), seq=seq) for seq in range(1, 4)]
    signed = [world.verified(vote).signed for vote in votes]
    assert early.keep(1, signed[0], 0) is None, "of this epoch"
    assert early.keep(1, signed[0], -2) is not None, "further ahead: a hint, but not kept"
    assert early.keep(1, SignedMessage(b"junk", b""), 0) is None
    assert early.take() == []
    assert early.keep(1, signed[0], -1) is not None
    for each in signed * 200:
        early.keep(2, each, -1)
    assert len(early.take()) == 1 + EARLY_MAX
    assert early.take() == []


def test_MB2_VC4_timers_of_the_old_epoch_mean_nothing_in_the_new_one() -> None:
    """One that fires late carries a number that no timer of the new epoch has."""
    world = world_of(4, candidates=0)
    world.plan(K, members(range(4), rotated=[3]))
    fill(world, 2 * K)
    assert epochs(world) == [1] * 4
    timers = [timer for _, output in world.members[1].outputs for timer in output.timers]
    request = [timer for timer in timers if timer.kind is TimerKind.REQUEST]
    numbers = [timer.generation for timer in request if isinstance(timer, SetTimer)]
    assert len(numbers) >= 2, "in both epochs something waited"
    assert numbers == sorted(dict.fromkeys(numbers))
