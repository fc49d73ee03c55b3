"""The evidence that one validator keeps, and its part in having it recorded (rule EV-1).

Sans-IO: rows of the store come in, writes and at most one transaction at a time go out. Whether evidence
proves anything was judged before; the ledger judges it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from govchain.codec import encode
from govchain.crypto import Signer, sign_transaction, transaction_id
from govchain.crypto.evidence import read_evidence
from govchain.ledger.access import decode_stored
from govchain.ledger.chain import Chain
from govchain.ledger.kinds.equivocation.accusations import (
    ACCUSE,
    EQUIVOCATION,
    encode_accusation,
    recorded_evidence,
)
from govchain.ledger.ledger import Ledger
from govchain.model import Block, Space, Transaction, TransactionBody, Write
from govchain.model.votes import Equivocation, Evidence

KEPT_MAX: Final = 256
"""Pieces kept in all: one for each epoch, validator and phase, and no more than this."""
EXPIRY_BLOCKS: Final = 1_000
"""An accusation that is not ordered within so many blocks is signed anew."""


class KeptEvidence(msgspec.Struct, frozen=True):
    """One piece and what became of it."""

    equivocation: Equivocation
    name: str
    """Of the accused validator."""
    evidence: Evidence
    is_recorded: bool
    """The chain holds it."""
    recorded_height: int | None
    """Block that recorded it; None until one did, or when that block is not here."""


class EvidenceBook:
    """One piece for each epoch, validator and phase; the one on the chain where there is one.

    Args:
        rows: What the store holds in `Space.EVIDENCE`.
        signers: Own vote keys; one that the chain knows signs the accusations.
    """

    def __init__(
        self, ledger: Ledger, chain: Chain, signers: Sequence[Signer], rows: Iterable[tuple[bytes, bytes]]
    ) -> None:
        self._ledger = ledger
        self._chain = chain
        self._signers = signers
        self._kept: dict[bytes, tuple[Equivocation, Evidence]] = {}
        for key, value in rows:
            evidence = decode_stored(value, Evidence)
            self._kept[key] = (read_evidence(evidence), evidence)
        self._pending: tuple[bytes, int] | None = None
        """Own accusation that waits to be ordered: its id and its expiry height."""
        self._given_up: dict[str, None] = {}

    def keep(self, evidence: Evidence) -> list[Write]:
        """What makes new evidence durable; nothing when there is some of its kind, or no room."""
        found = read_evidence(evidence)
        if _key(found) in self._kept or len(self._kept) >= KEPT_MAX:
            return []
        return [self._put(found, evidence)]

    def executed(self, block: Block) -> list[Write]:
        """Keep what a block recorded, in place of another piece of the same kind: one record is enough."""
        writes = []
        for evidence in recorded_evidence(block):
            found = read_evidence(evidence)
            known = self._kept.get(_key(found))
            if known is None:
                writes += self.keep(evidence)
            elif known[0] != found and not self._is_recorded(known[0]):
                writes.append(self._put(found, evidence))
        return writes

    def list_kept(self) -> list[KeptEvidence]:
        """Everything that is kept, in order of epoch, validator and phase."""
        kept = []
        for key in sorted(self._kept):
            found, evidence = self._kept[key]
            is_recorded, height = self._is_recorded(found), self._height_of(found)
            kept.append(KeptEvidence(found, self._name_of(found), evidence, is_recorded, height))
        return kept

    def accuse(self, turn: int) -> Transaction | None:
        """The next transaction to submit, if it is this validator's turn; None when nothing is left to do.

        The member after the accused one speaks first, the others only if that did not help: a second
        accusation of one place could only be denied.

        Args:
            turn: How many members after the accused one may speak now; 0 is the first one alone.
        """
        if self._is_pending():
            return None
        for kept in self.list_kept():
            found = kept.equivocation
            if not kept.is_recorded and found.object_id not in self._given_up:
                signer = self._signer_for(found, turn)
                if signer is not None and (made := self._make(kept, signer)) is not None:
                    return made
        return None

    def take_back(self) -> None:
        """The transaction was not taken: it is made again at the next turn."""
        self._pending = None

    def _make(self, kept: KeptEvidence, signer: Signer) -> Transaction | None:
        ledger = self._ledger
        key, parameters = ledger.key(signer.key_id), ledger.genesis.parameters
        assert key is not None
        # The time of the head is never ahead of the block's, whatever the own clock says (rule G9).
        time_ms = ledger.genesis.time_ms if ledger.head is None else ledger.head.time_ms
        expiry = ledger.height + min(EXPIRY_BLOCKS, parameters.expiry_window_blocks)
        body = TransactionBody(
            chain_id=ledger.chain_id,
            kind=ACCUSE,
            org=key.org,
            key_id=signer.key_id,
            nonce=ledger.next_nonce(signer.key_id),
            expiry_height=expiry,
            payload=encode_accusation(kept.evidence, time_ms),
        )
        transaction = sign_transaction(signer, body)
        if len(transaction.body) + len(transaction.signature) > parameters.transaction_bytes_max:
            self._given_up[kept.equivocation.object_id] = None
            return None
        self._pending = (transaction_id(ledger.suite, transaction), expiry)
        return transaction

    def _is_pending(self) -> bool:
        if self._pending is None:
            return False
        id_, expiry = self._pending
        result = self._chain.result(id_)
        if result is None and self._ledger.height < expiry:
            return True
        if result is not None and not result.applied:
            self._given_up[result.object_id.partition("/")[2]] = None
        self._pending = None
        return False

    def _signer_for(self, found: Equivocation, turn: int) -> Signer | None:
        """Own key that the chain lets accuse, when the turn has come to its member."""
        validators = self._ledger.validators
        for signer in self._signers:
            key = self._ledger.key(signer.key_id)
            places = [
                place
                for place, member in enumerate(validators.members)
                if member.public_key == signer.public_key
            ]
            if key is None or not key.active or not places:
                continue
            distance = (places[0] - found.validator - 1) % validators.size
            if distance <= turn and self._name_of(found) != validators.members[places[0]].name:
                return signer
        return None

    def _name_of(self, found: Equivocation) -> str:
        validators = self._ledger.validators_of(found.epoch)
        assert validators is not None, "evidence was verified under the set of its epoch"
        return validators.members[found.validator].name

    def _is_recorded(self, found: Equivocation) -> bool:
        return self._ledger.record(EQUIVOCATION, found.object_id) is not None

    def _height_of(self, found: Equivocation) -> int | None:
        record = self._ledger.record(EQUIVOCATION, found.object_id)
        place = None if record is None else self._chain.locate(record.last_record_hash)
        return None if place is None else place[0]

    def _put(self, found: Equivocation, evidence: Evidence) -> Write:
        self._kept[_key(found)] = (found, evidence)
        return Space.EVIDENCE, _key(found), encode(evidence)


def _key(found: Equivocation) -> bytes:
    return found.epoch.to_bytes(8, "big") + found.validator.to_bytes(4, "big") + found.phase.encode("ascii")
