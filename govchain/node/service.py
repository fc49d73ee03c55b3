"""The public face of a validator: what the HTTP API may ask (`govchain.api.ports.ValidatorService`).

Reads and admissions only. Everything runs in the loop's thread, so a read sees one executed height; nothing
here touches the replica's state or sends a frame.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

import govchain
from govchain.client.answers import (
    Admission,
    EvidenceSummary,
    FinalEvent,
    KeyAnswer,
    MemberPolicy,
    OrganisationAnswer,
    TransactionStatus,
    ValidatorStatus,
)
from govchain.codec import decode
from govchain.consensus import Replica
from govchain.crypto.epochs import ValidatorChange
from govchain.errors import InvalidInput, Unavailable
from govchain.ledger.membership import approvals_needed, voters_of
from govchain.ledger.nonces import FRESH
from govchain.ledger.snapshot import first_block
from govchain.ledger.state import NonceState, nonces_key, record_key
from govchain.model import Block, FinalityCertificate, Genesis, Transaction, ValidatorSet
from govchain.node.accuser import Accuser
from govchain.node.catch_up import CatchUp
from govchain.node.finality import Finality
from govchain.node.inbox import Inbox
from govchain.node.parts import NodeParts
from govchain.node.pool import WAITING_MAX, PoolTraffic
from govchain.node.reads import LatestReads
from govchain.receipt import Receipt, RecordProof, build_receipt, collect_changes

CERTIFIED_TIMEOUT_S: Final = 10.0
"""How long a certified read waits for the certificate of the height that it saw."""
LEVELS: Final = ("local", "certified", "latest")


class NodeService:
    """One validator, as clients see it."""

    def __init__(
        self,
        parts: NodeParts,
        *,
        replica: Replica,
        pool: PoolTraffic,
        finality: Finality,
        catch_up: CatchUp,
        inbox: Inbox,
        reads: LatestReads,
        accuser: Accuser,
    ) -> None:
        self._parts = parts
        self._replica = replica
        self._pool = pool
        self._finality = finality
        self._catch_up = catch_up
        self._inbox = inbox
        self._reads = reads
        self._accuser = accuser

    @property
    def genesis(self) -> Genesis:
        """Genesis of the chain."""
        return self._parts.genesis

    @property
    def validators(self) -> ValidatorSet:
        """The set of the epoch that runs here (rule MB-2)."""
        return self._parts.members.validators

    def validator_changes(self) -> tuple[ValidatorChange, ...]:
        """What proves that set, from genesis on (rule MB-4)."""
        return collect_changes(self._parts.chain, self.validators.epoch)

    def member_policy(self) -> MemberPolicy:
        """Who decides about members, and what was decided for the next checkpoint (rules MB-1, MB-2)."""
        ledger, parameters = self._parts.ledger, self._parts.genesis.parameters
        interval = parameters.checkpoint_interval
        return MemberPolicy(
            voters=voters_of(ledger.validators),
            approvals_needed=approvals_needed(parameters, ledger.validators),
            next_members=tuple(member.name for member in ledger.next_members),
            next_keys=tuple(member.public_key for member in ledger.next_members),
            checkpoint_height=(ledger.height // interval + 1) * interval,
        )

    def submit(self, transactions: Sequence[Transaction]) -> list[Admission]:
        """Admit each (rule RQ-1), in order; without room for one, its code is `pool-full` (rule RQ-5)."""
        if not self.is_alive():
            raise Unavailable("this validator is stopping; submit to another one")
        if self._pool.waiting_count >= WAITING_MAX:
            detail = f"{self._pool.waiting_count} transactions wait for admission; try again"
            self._parts.metrics.reject("pool-full", len(transactions))
            return [
                Admission(self._parts.suite.digest(each.body), "rejected", "pool-full", detail)
                for each in transactions
            ]
        answers = self._pool.submit(transactions, self._parts.clock())
        self._inbox.arrived.set()
        return answers

    async def wait_final(self, transaction_id: bytes, timeout_ms: int) -> TransactionStatus | None:
        """Status once final, or the status at the timeout; None when unknown."""
        status = self.transaction(transaction_id)
        if timeout_ms <= 0 or (status is not None and status.status == "final"):
            return status
        await self._finality.wait(transaction_id, timeout_ms / 1000)
        return self.transaction(transaction_id)

    def transaction(self, transaction_id: bytes) -> TransactionStatus | None:
        """What this validator knows of a transaction."""
        status = self._finality.status(transaction_id)
        if status is None and self._parts.mempool.is_waiting(transaction_id):
            return TransactionStatus(transaction_id, "pending")
        if status is None:
            self._require_blocks_from(1)
        return status

    def status(self) -> ValidatorStatus:
        """This validator at a glance."""
        parts, replica = self._parts, self._replica.status()
        ledger = parts.ledger
        unfinished = range(self._finality.height + 1, ledger.height + 1)
        waiting = [block for height in unfinished if (block := self._finality.block(height)) is not None]
        waiting_denied = sum(not result.applied for block in waiting for result in block.results)
        return ValidatorStatus(
            name=parts.name,
            index=parts.members.index,
            chain_id=ledger.chain_id,
            chain_name=parts.genesis.name,
            version=govchain.__version__,
            height=ledger.height,
            final_height=self._finality.height,
            epoch=replica.epoch,
            view=replica.view,
            state_root=ledger.state_root,
            head_digest=ledger.head_digest,
            pool_transactions=len(parts.mempool),
            finalised=ledger.transaction_count - sum(len(block.transactions) for block in waiting),
            denied=sum(ledger.denial_counts.values()) - waiting_denied,
            peers=self.peers(),
            stall=replica.stall,
            evidence=self._evidence(),
        )

    def _evidence(self) -> tuple[EvidenceSummary, ...]:
        return tuple(
            EvidenceSummary(
                validator=kept.name,
                epoch=kept.equivocation.epoch,
                phase=kept.equivocation.phase,
                view=kept.equivocation.view,
                seq=kept.equivocation.seq,
                is_recorded=kept.is_recorded,
                recorded_height=kept.recorded_height,
            )
            for kept in self._accuser.list_kept()
        )

    def organisation(self, org: str) -> OrganisationAnswer | None:
        """Also one that joined after genesis."""
        state = self._parts.ledger.organisation(org)
        if state is None:
            return None
        return OrganisationAnswer(
            state.id, state.name, state.tier, state.roles, state.standing, self._parts.ledger.height
        )

    def key(self, key_id: bytes) -> KeyAnswer | None:
        """State of a signing key and its next free nonce."""
        state = self._parts.ledger.key(key_id)
        if state is None:
            return None
        data = self._parts.ledger.state_value(nonces_key(key_id))
        nonces = FRESH if data is None else decode(data, NonceState)
        return KeyAnswer(
            key_id=key_id,
            public_key=state.public_key,
            org=state.org,
            person=state.person,
            roles=state.roles,
            is_active=state.active,
            state=state.state,
            revoked_since_ms=state.revoked_since_ms,
            history=state.history,
            height=self._parts.ledger.height,
            next_nonce=nonces.floor,
        )

    def block(self, height: int) -> tuple[Block, FinalityCertificate] | None:
        """A final block with its certificate."""
        if not 1 <= height <= self._finality.height:
            return None
        self._require_blocks_from(height)
        block, certificate = self._finality.block(height), self._parts.chain.certificate(height)
        assert block is not None, "final blocks are stored"
        assert certificate is not None, "final blocks have certificates"
        return block, certificate

    async def record(self, record_type: str, object_id: str, level: str) -> RecordProof:
        """Current state of a record (rule RD-1).

        Args:
            level: `local`: as executed here, perhaps not certified yet. `certified`: with the certificate of
                the block. `latest`: that, and ordered after all that was acknowledged before.

        Raises:
            InvalidInput: No such level.
            Unavailable: Nothing was executed yet, or the certificate or a quorum's answers did not come in
                time.
        """
        if level not in LEVELS:
            raise InvalidInput(f"no level {level[:20]!r}; expected {', '.join(LEVELS)}")
        if level == "latest":
            await self._reads.reach()
        header = self._parts.ledger.head
        if header is None:
            raise Unavailable("no block was executed yet, so there is no header to prove against")
        key = record_key(record_type, object_id)
        value, proof = self._parts.ledger.prove_state(key)
        certificate = None
        if level != "local":
            if not await self._finality.wait_height(header.height, CERTIFIED_TIMEOUT_S):
                raise Unavailable(
                    f"height {header.height} got no certificate within {CERTIFIED_TIMEOUT_S:.0f} s"
                )
            certificate = self._parts.chain.certificate(header.height)
            assert certificate is not None, "final blocks have certificates"
        changes = () if certificate is None else collect_changes(self._parts.chain, header.epoch)
        return RecordProof(
            key=key,
            value=value,
            proof=proof,
            header=header,
            certificate=certificate,
            validator_changes=changes,
        )

    def receipt(self, transaction_id: bytes) -> Receipt | None:
        """Receipt of a final transaction; None when unknown or not final."""
        place = self._parts.chain.locate(transaction_id)
        if place is None:
            self._require_blocks_from(1)
        if place is None or place[0] > self._finality.height:
            return None
        return build_receipt(self._parts.chain, self._parts.suite, transaction_id, self._public_key)

    def events(self, from_height: int | None = None) -> AsyncIterator[FinalEvent]:
        """Final blocks from a height on, then live; ends when the validator stops."""
        if from_height is not None:
            self._require_blocks_from(from_height)
        return self._finality.events(from_height)

    def peers(self) -> dict[str, bool]:
        """Every peer, and whether frames can be sent to it; the running validator knows."""
        return {}

    def is_alive(self) -> bool:
        """Whether the owner of the replica works."""
        return True

    def is_ready(self) -> bool:
        """Connected to a quorum, which said how far it is, and not catching up."""
        others_needed = self._parts.members.validators.quorum_size - 1
        heard = sum(is_up and self._catch_up.has_heard(peer) for peer, is_up in self.peers().items())
        return self.is_alive() and heard >= others_needed and not self._catch_up.is_active

    def metrics(self) -> bytes:
        """Prometheus text exposition."""
        return self._parts.metrics.exposition()

    def _require_blocks_from(self, height: int) -> None:
        """Every block from this height on is here.

        Raises:
            Unavailable: A snapshot was taken over, and older blocks are still being fetched (rule CU-3).
        """
        first = first_block(self._parts.store)
        if height < first:
            raise Unavailable(
                f"this validator began with a snapshot and has blocks from height {first} on; "
                "older ones are being fetched, ask another validator"
            )

    def _public_key(self, key_id: bytes) -> bytes | None:
        state = self._parts.ledger.key(key_id)
        return None if state is None else state.public_key
