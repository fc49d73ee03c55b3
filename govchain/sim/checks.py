"""Judges a simulated network from outside: what may never happen, checked as it happens and again at the end.

Sees what leaves the nodes and what they store, never their inner state. Repairs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from govchain.crypto import Suite, digest_of, verify_finality
from govchain.crypto.vote_identity import VoteIdentity
from govchain.errors import BadProof
from govchain.ledger import Chain, ExecutedBlock
from govchain.model import BlockHeader, FinalityCertificate, Genesis, ValidatorSet
from govchain.sim.business import BUSINESS, BusinessJudge

INVARIANTS: Final[dict[str, str]] = {
    "agreement": "no two validators execute different blocks at one height",
    "total-order": "heights are executed one after the other, without gaps",
    "state-roots": "equal heights have equal state roots",
    "validity": "only submitted transactions are executed, each at most once",
    "no-double-vote": "no validator signs two different votes for one view, sequence number and phase",
    "durable-votes": "a vote is durable before it leaves",
    "evidence": "evidence names only validators that lie",
    "certificates": "every final block has a certificate that verifies",
    **BUSINESS,
}
"""Name to the promise, in the order in which results list them."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise."""

    invariant: str
    problem: str


class Checks:
    """Watches executions and votes of one network.

    Attributes:
        violations: What was broken, in order.
        forgiven: Validators that were told to cheat: nothing is demanded of them, and evidence may name them.
    """

    def __init__(self, genesis: Genesis, suite: Suite) -> None:
        self.violations: list[Violation] = []
        self.forgiven: dict[int, None] = {}
        self._suite = suite
        self._headers: dict[int, tuple[bytes, bytes, int]] = {}
        self._hashed: tuple[BlockHeader | None, bytes] = (None, b"")
        self._heights: dict[int, int] = {}
        self._submitted: dict[bytes, bool] = {}
        self._votes: dict[tuple[bytes, str, int, int], bytes] = {}
        self._sets = [genesis.validators]
        self._business = BusinessJudge(genesis, suite)

    def forgive(self, node: int) -> None:
        """This validator is a traitor from now on."""
        self.forgiven[node] = None

    def note_evidence(self, accused: int, place: str) -> None:
        """A validator keeps evidence against this one (rule EV-2)."""
        if accused not in self.forgiven:
            self._violate("evidence", f"validator {accused} is accused of {place}, and nobody let it lie")

    def note_submitted(self, transaction_id: bytes) -> None:
        """A client handed this transaction to some validator."""
        self._submitted[transaction_id] = False

    def note_executed(self, node: int, header: BlockHeader, transaction_ids: tuple[bytes, ...]) -> None:
        """A validator made a block durable."""
        if node in self.forgiven:
            return
        if header is not self._hashed[0]:
            # Validators that share executions have one header in common.
            self._hashed = (header, digest_of(self._suite, header))
        digest = self._hashed[1]
        expected = self._heights.get(node, 0) + 1
        if header.height != expected:
            self._violate(
                "total-order", f"validator {node} executed height {header.height}, expected {expected}"
            )
        self._heights[node] = header.height
        first = self._headers.get(header.height)
        if first is None:
            self._headers[header.height] = (digest, header.state_root, node)
            self._check_validity(header.height, transaction_ids)
            return
        if first[1] != header.state_root:
            self._violate(
                "state-roots",
                f"height {header.height}: validators {first[2]} and {node} have different roots",
            )
        if first[0] != digest:
            self._violate(
                "agreement", f"height {header.height}: validators {first[2]} and {node} have different blocks"
            )

    def note_meaning(self, node: int, executed: ExecutedBlock) -> None:
        """What the block did to records; once for each height, since equal blocks do the same."""
        if node in self.forgiven or executed.block.header.height <= self._business.height:
            return
        for invariant, problem in self._business.take(executed):
            self._violate(invariant, problem)

    def note_installed(self, node: int, validators: ValidatorSet) -> None:
        """A validator executed the block that installs this set (rule MB-2)."""
        if validators.epoch == len(self._sets):
            self._sets.append(validators)
        if self._set_of(validators.epoch) != validators:
            self._violate("agreement", f"validator {node} installs another set of epoch {validators.epoch}")

    def note_restarted(self, node: int, height: int) -> None:
        """A validator came back from its disk at this height."""
        self._heights[node] = height

    def note_vote(self, vote: VoteIdentity, *, is_durable: bool) -> None:
        """A vote leaves its validator."""
        if vote.validator in self.forgiven:
            return
        if not is_durable:
            place = f"view {vote.view}, seq {vote.seq}"
            self._violate(
                "durable-votes", f"{vote.phase} of validator {vote.validator} for {place} is not durable"
            )
        voters = self._set_of(vote.epoch)
        key = voters.members[vote.validator].public_key if voters is not None else b"epoch %d" % vote.epoch
        if self._votes.setdefault((key, vote.phase, vote.view, vote.seq), vote.digest) != vote.digest:
            self._violate(
                "no-double-vote",
                f"validator {vote.validator} signed two {vote.phase}s for view {vote.view}, seq {vote.seq}",
            )

    def note_chain(self, node: int, chain: Chain, final_height: int) -> None:
        """A validator calls everything up to this height final."""
        for height in range(1, final_height + 1):
            block, certificate = chain.block(height), chain.certificate(height)
            if block is None or certificate is None:
                self.note_missing_certificate(node, height)
            else:
                self.note_certificate(block.header, certificate, node)

    def note_certificate(self, header: BlockHeader, certificate: FinalityCertificate, node: int) -> None:
        """A validator holds this certificate for this block."""
        if node in self.forgiven:
            return
        validators = self._set_of(header.epoch)
        try:
            if validators is None:
                raise BadProof(f"nobody installed epoch {header.epoch}", step="validators")
            verify_finality(self._suite, validators, certificate, header)
        except BadProof as error:
            self._violate("certificates", f"validator {node}, height {header.height}: {error}")

    def note_missing_certificate(self, node: int, height: int) -> None:
        """A validator calls a height final for which it has no block or certificate."""
        if node in self.forgiven:
            return
        self._violate("certificates", f"validator {node} has no certificate for height {height}")

    def _set_of(self, epoch: int) -> ValidatorSet | None:
        return self._sets[epoch] if 0 <= epoch < len(self._sets) else None

    def _check_validity(self, height: int, transaction_ids: tuple[bytes, ...]) -> None:
        for transaction_id in transaction_ids:
            was_executed = self._submitted.get(transaction_id)
            if was_executed is None:
                self._violate(
                    "validity",
                    f"height {height}: {transaction_id.hex()[:16]} was never submitted",
                )
            elif was_executed:
                self._violate("validity", f"height {height}: {transaction_id.hex()[:16]} was executed twice")
            self._submitted[transaction_id] = True

    def _violate(self, invariant: str, problem: str) -> None:
        assert invariant in INVARIANTS
        self.violations.append(Violation(invariant, problem))
