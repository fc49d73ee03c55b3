"""Lives of records once more, on simulated validators of which one crashes or cheats.

A machine draws its interleaving over a bare ledger as ever; at its end the transactions that it made are
handed to four simulated validators, in the same virtual time. Nothing is drawn here but the trouble.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize

from govchain.codec import decode
from govchain.config import DurationNs
from govchain.crypto import transaction_id
from govchain.errors import InvalidTransaction
from govchain.model import Block, Transaction, TransactionBody
from govchain.model.ids import View
from govchain.sim import FixedLatency, SimCluster, SimNode
from govchain.sim.machines import Unsynced
from govchain.sim.symbolic import SymbolicSuite
from tests.support.ledger_world import SUITE, LedgerWorld, secret_of
from tests.support.lifecycles import Machine

FAULTED_RUNS: Final = settings(
    max_examples=int(os.environ.get("GOVCHAIN_LIFECYCLE_RUNS", "3")), stateful_step_count=25, deadline=None
)
SYMBOLIC: Final = SymbolicSuite(SUITE)
NS_PER_MS: Final = 1_000_000
PATIENCE_NS: Final = 4_000 * NS_PER_MS
"""After so long a client hands its transactions to another validator."""
LIMIT_NS: Final = 120_000 * NS_PER_MS
"""No transaction waits longer: that is what a network with one faulty validator of four promises."""


AT_THE_DOOR: Final = ("key-not-active", "organisation-suspended", "unknown-key", "unknown-organisation")
"""Codes of admission for what execution would deny by rules I1, I2 and I5."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to the network while the transactions come in.

    Attributes:
        behaviour: How a validator cheats all along; empty when one crashes instead.
        traitor: Which one; the first one is the primary in the beginning.
        crash_percent: How much of the transactions comes before the primary crashes.
        crash_delay_ms: Between handing in a transaction and the crash.
        unsynced: What the power cut does to writes that no sync confirmed.
        down_for: Handed-in groups until it is back.
        together: How many transactions are handed in at one time; more than one, and consensus orders them.
    """

    behaviour: str
    traitor: int
    crash_percent: int
    crash_delay_ms: int
    unsynced: Unsynced
    down_for: int
    together: int


CRASHES: Final = st.builds(
    Trouble,
    behaviour=st.just(""),
    traitor=st.just(0),
    crash_percent=st.integers(0, 99),
    crash_delay_ms=st.sampled_from([0, 10, 30, 50, 70, 90, 500]),
    unsynced=st.sampled_from(["keep", "lose", "tear"]),
    down_for=st.integers(1, 5),
    together=st.sampled_from([1, 1, 4]),
)
TRAITORS: Final = st.builds(
    Trouble,
    behaviour=st.sampled_from(["equivocate", "wrong_execution", "censor"]),
    traitor=st.sampled_from([0, 0, 2]),
    crash_percent=st.just(0),
    crash_delay_ms=st.just(0),
    unsynced=st.just("keep"),
    down_for=st.just(0),
    together=st.sampled_from([1, 1, 4]),
)


class UnderTrouble(Machine):
    """Mix into a machine: what it drew is played on a network with a fault, and judged again."""

    trouble: Trouble | None = None

    def teardown(self) -> None:
        drawn = blocks_of(self.world.chain.block)
        if self.trouble is None or not drawn:
            return  # It was given up while it began.
        network = Network(self.world, self.trouble)
        network.play(drawn)
        decided = network.settle()
        # The same order without validators must have meant the same.
        self.world.begin(SYMBOLIC)
        for block in decided:
            executed = self.world.take(block.batch, block.transactions)
            assert executed.block == block
        drawn_as = {id_: outcome for id_, outcome in outcomes(drawn).items() if id_ not in network.refused}
        self.denied = sum(not each.applied for block in decided for each in block.results)
        if self.trouble.together == 1:
            assert outcomes(decided) | drawn_as == outcomes(decided)
            assert all(outcomes(drawn)[id_][1] in ("I1", "I2", "I5") for id_ in network.refused)
            self.hold_invariants()
        else:
            # What the machine remembers is of another order; what no order may break is asked all the same.
            assert outcomes(decided).keys() >= drawn_as.keys()
            self.test_G3_only_listed_changes()
            self.test_G9_timelines_never_run_back()


class WithACrash(UnderTrouble):
    @initialize(trouble=CRASHES)
    def plan_a_crash(self, trouble: Trouble) -> None:
        self.trouble = trouble


class WithATraitor(UnderTrouble):
    @initialize(trouble=TRAITORS)
    def plan_treason(self, trouble: Trouble) -> None:
        self.trouble = trouble


class Network:
    """Four validators of the world's genesis, their clients, and the trouble that comes over them.

    Attributes:
        refused: Transactions that no validator would take.
    """

    def __init__(self, world: LedgerWorld, trouble: Trouble) -> None:
        self.refused: list[bytes] = []
        names = [member.name for member in world.genesis.validators.members]
        self._trouble = trouble
        self._start_ms = world.genesis.time_ms
        self._cluster = SimCluster(
            world.genesis,
            {name: secret_of(name) for name in names},
            suite=SYMBOLIC,
            latency=FixedLatency(DurationNs(20 * NS_PER_MS)),
            is_traced=False,
        )

    def play(self, drawn: Sequence[Block]) -> None:
        """Hand in the transactions of these blocks, in groups, each group once the one before is final."""
        together = self._trouble.together
        groups = [drawn[first : first + together] for first in range(0, len(drawn), together)]
        crash_at = len(groups) * self._trouble.crash_percent // 100
        if self._trouble.behaviour:
            self._betray([each for block in drawn for each in block.transactions])
        down = -1
        for number, group in enumerate(groups):
            self._cluster.run_to((group[-1].batch.time_ms - self._start_ms) * NS_PER_MS)
            waiting = {transaction_id(SUITE, each): each for block in group for each in block.transactions}
            self._hand_in(waiting, number, self._cluster.running())
            if not self._trouble.behaviour and number == crash_at:
                self._cluster.run_to(self._cluster.now_ns + self._trouble.crash_delay_ms * NS_PER_MS)
                down = self._primary()
                self._cluster.crash(down, unsynced=self._trouble.unsynced)
            self._wait_for(waiting, number)
            if down >= 0 and number == crash_at + self._trouble.down_for:
                self._cluster.restart(down)
                down = -1
        if down >= 0:
            self._cluster.restart(down)

    def settle(self) -> list[Block]:
        """Wait until all stand at one place, judge, and give the blocks that they have in common."""
        cluster = self._cluster
        assert cluster.run_until(self._is_settled, limit_ns=cluster.now_ns + LIMIT_NS), "no end"
        violations = cluster.finish()
        assert not violations, violations
        assert len({(node.ledger.height, node.ledger.state_root) for node in self._honest()}) == 1
        if self._trouble.behaviour:
            assert cluster.treason.lies, "a traitor that never lied proves nothing"
        return blocks_of(self._honest()[0].chain.block)

    def _betray(self, transactions: Sequence[Transaction]) -> None:
        signers = Counter(decode(each.body, TransactionBody).org for each in transactions)
        (busiest, _), *_ = signers.most_common(1)
        self._cluster.betray(self._trouble.traitor, self._trouble.behaviour, org=busiest)

    def _hand_in(self, waiting: dict[bytes, Transaction], first: int, among: Sequence[SimNode]) -> None:
        """Give each to another validator, as clients of many departments do; forget what all refuse."""
        running = [node.index for node in among]
        for number, (id_, transaction) in enumerate(tuple(waiting.items()), first):
            turn = number % len(running)
            if not any(self._is_taken(transaction, index) for index in running[turn:] + running[:turn]):
                self.refused.append(id_)
                del waiting[id_]

    def _is_taken(self, transaction: Transaction, index: int) -> bool:
        try:
            self._cluster.submit(transaction, to=index)
        except InvalidTransaction as error:
            return error.code not in AT_THE_DOOR
        return True

    def _wait_for(self, waiting: dict[bytes, Transaction], first: int) -> None:
        """Until all are final somewhere; what a validator lost or swallowed goes to an honest one."""
        cluster, end_ns = self._cluster, self._cluster.now_ns + LIMIT_NS

        def are_final() -> bool:
            return not any(self._lacks(id_) for id_ in waiting)

        while not cluster.run_until(are_final, limit_ns=min(end_ns, cluster.now_ns + PATIENCE_NS)):
            assert cluster.checks.violations == []
            assert cluster.now_ns < end_ns, "not final in time"
            first += 1
            for id_ in [id_ for id_ in waiting if not self._lacks(id_)]:
                del waiting[id_]
            self._hand_in(waiting, first, self._honest())

    def _lacks(self, id_: bytes) -> bool:
        places = [(node, node.chain.locate(id_)) for node in self._honest()]
        return not any(place is not None and place[0] <= node.final_height for node, place in places)

    def _is_settled(self) -> bool:
        """All stand at one height with a certificate for each, and nothing waits."""
        honest = self._honest()
        return (
            len({node.ledger.height for node in honest}) == 1
            and all(self._lacks_certificate(node) is None for node in honest)
            and not any(len(node.mempool) for node in honest)
        )

    def _lacks_certificate(self, node: SimNode) -> int | None:
        heights = range(node.ledger.height, 0, -1)
        return next((height for height in heights if node.chain.certificate(height) is None), None)

    def _honest(self) -> list[SimNode]:
        return [node for node in self._cluster.running() if node.index not in self._cluster.traitors]

    def _primary(self) -> int:
        """Of the highest view that anybody is in."""
        running = self._cluster.running()
        view = max(node.replica.status().view for node in running)
        return self._cluster.genesis.validators.primary(View(view))


def blocks_of(block: Callable[[int], Block | None]) -> list[Block]:
    """Every block of a chain."""
    found = map(block, itertools.count(1))
    return [each for each in itertools.takewhile(lambda each: each is not None, found) if each is not None]


def outcomes(blocks: Sequence[Block]) -> dict[bytes, tuple[bool, str, str, str]]:
    """Transaction to what became of it; validators that saw somebody lie add their own."""
    return {
        each.transaction_id: (each.applied, each.rule, each.code, each.object_id)
        for block in blocks
        for each in block.results
    }
