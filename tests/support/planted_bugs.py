"""Mistakes in the protocol that a swarm must find: patches of the running product, never in it.

`python -m tests.support.planted_bugs [NAME…]` looks for each under seeds from 0 on, shrinks what it finds and
prints a table: seeds needed, what was broken, faults drawn and left. Takes minutes; some are tried by
`tests/sim/test_sim_swarm.py`.
"""

from __future__ import annotations

import dataclasses
import statistics
import sys
from collections.abc import Callable
from typing import Any, Final

import pytest

from govchain.consensus import (
    accepting,
    healing,
    new_view,
    observing,
    replica,
    view_change,
    voting,
)
from govchain.consensus.output import Output
from govchain.consensus.state import ReplicaState
from govchain.consensus.tally import Ballot, Tally
from govchain.model import ValidatorSet
from govchain.sim import node as sim_node
from govchain.sim.node import SimNode
from govchain.storage import MemoryGuard
from govchain.swarm import SwarmResult, run_swarm
from govchain.sweep import open_engine

SEEDS: Final = 300
"""After so many seeds a mistake counts as overlooked."""

Patch = Callable[[pytest.MonkeyPatch], None]


def quorum_minus_one(patch: pytest.MonkeyPatch) -> None:
    size: Any = ValidatorSet.quorum_size
    patch.setattr(ValidatorSet, "quorum_size", property(lambda self: max(1, size.fget(self) - 1)))


def no_persist_before_send(patch: pytest.MonkeyPatch) -> None:
    persist = SimNode._persist

    def late(self: SimNode, output: Output) -> None:
        kept, output.persist = output.persist, []
        persist(self, output)
        output.persist = kept

    patch.setattr(SimNode, "_persist", late)


def guard_forgets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryGuard, "append", lambda self, records: None)


def restart_forgets(patch: pytest.MonkeyPatch) -> None:
    """A restarted validator remembers blocks, but none of its votes."""
    restore = sim_node.restore_from

    def forget(*args: Any) -> Any:
        restored, bodies = restore(*args)
        return dataclasses.replace(restored, entries=(), promises=()), bodies

    patch.setattr(sim_node, "restore_from", forget)


def nothing_carried(patch: pytest.MonkeyPatch) -> None:
    """A new view takes over the certified header and nothing that was prepared above it."""
    compute = new_view.compute_carried

    def forget(*args: Any) -> new_view.Carried:
        carried = compute(*args)
        return new_view.Carried(carried.base, carried.base_height, ())

    patch.setattr(new_view, "compute_carried", forget)
    patch.setattr(view_change, "compute_carried", forget)


def lowest_view_wins(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(new_view, "max", min, raising=False)


def prepared_not_kept(patch: pytest.MonkeyPatch) -> None:
    """View changes do not show what was prepared."""
    patch.setattr(voting, "_keep_prepared", lambda *args: None)


def one_prepare_is_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Tally, "count", lambda self, digest: 99 if digest in self._digests else 0)


def repeated_votes_count(patch: pytest.MonkeyPatch) -> None:
    """A vote counts as often as it arrives.

    That a liar's two different votes both count would be no mistake: two quorums for two batches still have
    an honest validator in common, and that one votes once.
    """

    def add(self: Tally, validator: int, digest: bytes, signed: Any) -> Ballot:
        self._votes[validator], self._digests[validator] = signed, digest
        self.size += 1
        return Ballot.NEW

    patch.setattr(Tally, "add", add)
    patch.setattr(Tally, "count", lambda self, digest: self.size if digest in self._digests else 0)
    patch.setattr(Tally, "add_first", lambda *args: add(*args) is Ballot.NEW)


def any_digest_counts(patch: pytest.MonkeyPatch) -> None:
    """Votes are counted whatever they are for."""
    patch.setattr(Tally, "count", lambda self, digest: self.size)


def votes_beyond_the_boundary(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ReplicaState, "boundary", property(lambda self: 1 << 60))


def votes_in_a_view_change(patch: pytest.MonkeyPatch) -> None:
    """While the view changes, votes for the old one go on."""
    patch.setattr(ReplicaState, "is_changing", property(lambda self: False))


def any_view_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(voting, "validate_position", lambda *args: None)


def gaps_are_prepared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(voting, "_is_covered", lambda *args: True)


def nobody_complains(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(replica, "on_request_timer", lambda *args: False)


def nobody_gives_up_a_view(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(replica, "on_change_timer", lambda *args: False)


def nothing_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(replica, "on_retransmit", lambda *args: None)


def no_blocks_are_fetched(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SimNode, "_install", lambda self, blocks: None)


def missing_bodies_are_not_fetched(patch: pytest.MonkeyPatch) -> None:
    for module in (voting, healing):
        patch.setattr(module, "fetch_missing", lambda *args: None)


def nobody_joins_a_view_change(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(view_change, "try_join", lambda *args: None)


def restarted_asks_nobody(patch: pytest.MonkeyPatch) -> None:
    for module in (healing, observing):
        patch.setattr(module, "note_behind", lambda *args: None)


def forgetful_votes_at_once(patch: pytest.MonkeyPatch) -> None:
    """Who lost what it signed does not wait until the chain is above it."""
    patch.setattr(ReplicaState, "is_silent", property(lambda self: False))


def one_is_a_weak_quorum(patch: pytest.MonkeyPatch) -> None:
    """A single validator, which may lie, takes all others to a view."""
    patch.setattr(ValidatorSet, "weak_quorum_size", property(lambda self: 1))


def not_kept(phase: str) -> Patch:
    """What the log must hold of one phase is missing after a restart."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        writes = SimNode._entry_writes
        patch.setattr(
            SimNode,
            "_entry_writes",
            lambda self, entry: [] if entry.phase == phase else writes(self, entry),
        )

    return plant


def votes_removed_too_early(patch: pytest.MonkeyPatch) -> None:
    """The votes of a height go when it is executed, not when it is certified."""
    execute = SimNode._execute

    def forget(self: SimNode, *args: Any) -> Any:
        executed = execute(self, *args)
        self.disk.write(self._votes.settle(executed.block.header.height), sync=True)
        return executed

    patch.setattr(SimNode, "_execute", forget)


def clocks_must_agree(patch: pytest.MonkeyPatch) -> None:
    """A batch whose parent's time is ahead of this clock is never accepted."""
    validate = accepting.validate_place

    def strict(state: ReplicaState, entry: Any, now_ms: int) -> None:
        validate(state, entry, now_ms)
        if entry.message.batch.time_ms > now_ms + 100:
            raise accepting.violation("time-ahead", entry.message.validator, "ahead of this clock")

    patch.setattr(voting, "validate_place", strict)


BUGS: Final[dict[str, Patch]] = {
    "quorum minus one": quorum_minus_one,
    "no persist before send": no_persist_before_send,
    "the guard forgets": guard_forgets,
    "a restart forgets votes": restart_forgets,
    "nothing is carried into a new view": nothing_carried,
    "prepared batches are not shown": prepared_not_kept,
    "one vote is a quorum": one_prepare_is_enough,
    "a repeated vote counts again": repeated_votes_count,
    "votes count whatever they are for": any_digest_counts,
    "votes beyond the boundary": votes_beyond_the_boundary,
    "votes during a view change": votes_in_a_view_change,
    "votes of any view count": any_view_counts,
    "nobody complains": nobody_complains,
    "nobody gives up a view": nobody_gives_up_a_view,
    "nothing is sent again": nothing_is_sent_again,
    "no blocks are fetched": no_blocks_are_fetched,
    "nobody joins a view change": nobody_joins_a_view_change,
    "who is behind asks nobody": restarted_asks_nobody,
    "who lost its votes votes at once": forgetful_votes_at_once,
    "a new view is not kept": not_kept("new-view"),
    "proofs of what is prepared are not kept": not_kept("prepared"),
    "votes go before the certificate comes": votes_removed_too_early,
    "clocks must agree": clocks_must_agree,
}


UNSEEN: Final[dict[str, Patch]] = {
    "the lowest view wins": lowest_view_wins,
    "prepared above a gap": gaps_are_prepared,
    "missing bodies are not fetched": missing_bodies_are_not_fetched,
    "one is a weak quorum": one_is_a_weak_quorum,
}
"""What breaks no promise under the few dozen seeds that were tried; tests of the rules notice it.

The first takes two views whose batches differ at one seq, both prepared and neither certified. Decisions
come in order, so a batch above a gap is decided by nobody, and the gap alone never undoes one. Bodies reach
everybody by clients that ask again, and as certified blocks. Who follows a liar to a high view still makes
progress there.
"""


def hunt(bug: Patch, first: int, end: int, *, is_shrinking: bool = True) -> SwarmResult:
    """Run seeds with a mistake planted until one of them shows it."""
    with pytest.MonkeyPatch.context() as patch, open_engine("process", jobs=1, cluster=None) as spread:
        bug(patch)
        return run_swarm(first, end, spread, is_shrinking=is_shrinking)


def main(names: list[str]) -> int:
    """Print the table; 1 when a mistake was overlooked."""
    overlooked, shares = 0, []
    print(f"{'planted bug':<38}{'seeds':>6}  {'broken':<18}{'drawn':>6}{'left':>6}", flush=True)
    for name in names or BUGS:
        result = hunt((BUGS | UNSEEN)[name], 0, SEEDS)
        if not result.violations:
            overlooked += 1
            print(f"{name:<38}{result.runs:>6}  overlooked", flush=True)
            continue
        (found,) = result.violations
        shares.append(found.faults / max(1, found.faults_drawn))
        print(
            f"{name:<38}{result.runs:>6}  {found.invariant:<18}{found.faults_drawn:>6}{found.faults:>6}"
            f"  {found.problem[:70]}",
            flush=True,
        )
    if shares:
        print(f"faults left, median: {statistics.median(shares):.0%}")
    return 1 if overlooked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
