"""The read side: blocks, certificates, records and proofs of what was executed and stored.

Point reads only. It changes nothing; `certificate_write` hands out the one write that others may add.
"""

from __future__ import annotations

from govchain.codec import encode
from govchain.crypto import Suite, chain_id_of
from govchain.crypto.epochs import ValidatorChange
from govchain.crypto.state_map import StateMap, StateProof
from govchain.ledger import state
from govchain.ledger.access import DecodeCache, StateAccess, decode_stored
from govchain.ledger.epochs import EpochOrigin, ResumedEpoch
from govchain.ledger.head import LedgerHead, decode_location, height_key, read_head
from govchain.ledger.ledger import Ledger
from govchain.ledger.ports import Reader
from govchain.ledger.state import DenialEntry, KeyState, OrganisationState, RecordState
from govchain.model import (
    Block,
    BlockHeader,
    FinalityCertificate,
    Genesis,
    Space,
    Transaction,
    TransactionResult,
    ValidatorSet,
    Write,
)


class Chain:
    """What a store holds of one chain.

    Args:
        genesis: Of the chain.
        suite: The suite that genesis names.
        reader: The store.
        ledger: Gives state and proofs after the last executed block; without it they are read from the store.
    """

    def __init__(self, genesis: Genesis, suite: Suite, reader: Reader, ledger: Ledger | None = None) -> None:
        self.genesis = genesis
        self.suite = suite
        self.chain_id = chain_id_of(suite, genesis)
        self._reader = reader
        self._ledger = ledger
        self._final_height = 0
        self._access = StateAccess(self._state_value, DecodeCache())

    def height(self) -> int:
        """Height of the last stored block; 0 before the first."""
        head = self._head()
        return 0 if head is None else head.header.height

    def final_height(self) -> int:
        """Height of the highest stored block with a certificate; 0 before the first."""
        # Certificates follow closely behind blocks, so the highest is found a few reads below the head.
        for height in range(self.height(), self._final_height, -1):
            if self._reader.get(Space.CERTIFICATE, height_key(height)) is not None:
                self._final_height = height
                break
        return self._final_height

    def transaction_count(self) -> int:
        """Transactions in stored blocks."""
        head = self._head()
        return 0 if head is None else head.transactions

    def denial_counts(self) -> dict[str, int]:
        """Rule id to number of denials in stored blocks."""
        head = self._head()
        return {} if head is None else dict(head.denials)

    def block(self, height: int) -> Block | None:
        data = self._reader.get(Space.BLOCK, height_key(height)) if height >= 1 else None
        return None if data is None else decode_stored(data, Block)

    def certificate(self, height: int) -> FinalityCertificate | None:
        data = self._reader.get(Space.CERTIFICATE, height_key(height)) if height >= 1 else None
        return None if data is None else decode_stored(data, FinalityCertificate)

    def certificate_write(self, certificate: FinalityCertificate) -> Write:
        """The write that stores a verified certificate."""
        return (Space.CERTIFICATE, height_key(certificate.height), encode(certificate))

    def validator_change(self, epoch: int) -> ValidatorChange | None:
        """What proves the set of an epoch after genesis, once the block that installs it is certified."""
        data = self._reader.get(Space.EPOCH, height_key(epoch)) if epoch >= 1 else None
        if data is None:
            return None
        origin = decode_stored(data, EpochOrigin)
        certificate = self.certificate(origin.header.height)
        if certificate is None:
            return None
        return ValidatorChange(
            header=origin.header, certificate=certificate, validators=origin.validators, proof=origin.proof
        )

    def epoch_origin(self, epoch: int) -> BlockHeader | None:
        """Header of the block that installed the set of an epoch; None for genesis and unknown ones."""
        data = self._reader.get(Space.EPOCH, height_key(epoch)) if epoch >= 1 else None
        return None if data is None else decode_stored(data, EpochOrigin).header

    def epoch_to_resume(self, *, is_head_final: bool) -> ResumedEpoch:
        """Which epoch a validator is in after a restart (rule MB-2).

        Args:
            is_head_final: Every stored block has its certificate: then a set that the head installs votes.
        """
        head = self._head()
        if head is None:
            return ResumedEpoch(None, None, None)
        epoch, installed = head.header.epoch, self._validators_of(head.header.epoch + 1)
        if installed is not None and is_head_final:
            return ResumedEpoch(installed, head.header, None)
        return ResumedEpoch(self._validators_of(epoch), self.epoch_origin(epoch), installed)

    def _validators_of(self, epoch: int) -> ValidatorSet | None:
        """Set of an epoch after genesis."""
        data = self._reader.get(Space.EPOCH, height_key(epoch)) if epoch >= 1 else None
        return None if data is None else decode_stored(data, EpochOrigin).validators

    def locate(self, transaction_id: bytes) -> tuple[int, int] | None:
        """Height and position of a transaction; None when it is in no stored block."""
        data = self._reader.get(Space.TRANSACTION, transaction_id)
        return None if data is None else decode_location(data)

    def transaction(self, transaction_id: bytes) -> Transaction | None:
        found = self._find(transaction_id)
        return None if found is None else found[0].transactions[found[1]]

    def result(self, transaction_id: bytes) -> TransactionResult | None:
        """What execution said about a transaction."""
        found = self._find(transaction_id)
        return None if found is None else found[0].results[found[1]]

    def organisation(self, org: str) -> OrganisationState | None:
        return self._access.organisation(org)

    def key(self, key_id: bytes) -> KeyState | None:
        return self._access.key(key_id)

    def record(self, record_type: str, object_id: str) -> RecordState | None:
        return self._access.record(record_type, object_id)

    def record_key(self, record_type: str, object_id: str) -> bytes:
        """State key of a record, for proofs of presence and of absence."""
        return state.record_key(record_type, object_id)

    def record_history(self, record_type: str, object_id: str) -> list[bytes]:
        """Ids of the transactions that made a record what it is, oldest first; empty when there is none."""
        record = self.record(record_type, object_id)
        return [] if record is None else [entry.transaction_id for entry in record.timeline]

    def denial(self, transaction_id: bytes) -> DenialEntry | None:
        """The recorded denial of a transaction (rule G8)."""
        data = self._state_value(state.denial_key(transaction_id))
        return None if data is None else decode_stored(data, DenialEntry)

    def prove_state(self, key: bytes) -> tuple[bytes | None, StateProof]:
        """Value of a state key and its proof after the last block; None proves absence."""
        if self._ledger is not None:
            return self._ledger.prove_state(key)
        stored = StateMap(self.suite, lambda row: self._reader.get(Space.TREE, row))
        return self._state_value(key), stored.prove(key)

    def _state_value(self, key: bytes) -> bytes | None:
        if self._ledger is not None:
            return self._ledger.state_value(key)
        return self._reader.get(Space.STATE, key)

    def _head(self) -> LedgerHead | None:
        return read_head(self._reader)

    def _find(self, transaction_id: bytes) -> tuple[Block, int] | None:
        place = self.locate(transaction_id)
        if place is None:
            return None
        block = self.block(place[0])
        assert block is not None, "an indexed transaction is in a stored block"
        return block, place[1]
