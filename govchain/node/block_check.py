"""Is a peer's block what its certificate says? Everything that can be told without executing it.

Nothing is stored, installed or blamed here, and the state is only read through the store, so that blocks can
be checked in other threads while the ones before them are executed: verification leaves the interpreter free.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from govchain.codec import decode, encode
from govchain.crypto import Suite, digest_of, verify_finality
from govchain.crypto.block_proof import require_parent
from govchain.crypto.log_tree import compute_root
from govchain.errors import BadProof, BadSignature, MalformedBytes
from govchain.ledger.access import decode_stored
from govchain.ledger.ports import Reader
from govchain.ledger.state import KeyState, key_key
from govchain.model import (
    Block,
    FinalityCertificate,
    Genesis,
    Space,
    Transaction,
    TransactionBody,
    ValidatorSet,
)
from govchain.model.validators import validators_key
from govchain.node.wire import BlockParts

STEP: Final = "block"
KEYS_KEPT_MAX: Final = 4096

ValidatorsOf = Callable[[int], ValidatorSet | None]
"""Validator set of an epoch, or None when it is not known here (yet)."""


@dataclass(frozen=True, slots=True)
class CheckedBlock:
    """A block that its certificate proves.

    Attributes:
        unverified: Transactions whose key the state does not know yet: a block before this one brings it.
        below: Blocks right below it without certificate, which its chain of parents proves; rising. Their
            signatures are not checked yet.
    """

    block: Block
    certificate: FinalityCertificate
    unverified: tuple[Transaction, ...]
    below: tuple[Block, ...] = ()

    @property
    def first_height(self) -> int:
        return self.block.header.height - len(self.below)


class BlockCheck:
    """Checks blocks of one chain; safe to use from several threads.

    Args:
        state_value: Value of a state key; a signing key that it lacks is looked for again when the block is
            installed.
        validators_of: Who may certify (rule MB-3).
    """

    def __init__(
        self,
        suite: Suite,
        chain_id: bytes,
        *,
        state_value: Callable[[bytes], bytes | None],
        validators_of: ValidatorsOf,
    ) -> None:
        self._suite = suite
        self._chain_id = chain_id
        self._state_value = state_value
        self._validators_of = validators_of
        self._public_keys: dict[bytes, bytes] = {}

    def check(self, parts: BlockParts) -> CheckedBlock:
        """Certificate, batch, transactions, results and signatures (rule CU-2).

        Raises:
            MalformedBytes: The bytes are no block or certificate.
            BadProof: The certificate does not prove it, or it is not what the certificate proves.
        """
        block, certificate = self.certified(parts)
        below = tuple(decode(each, Block) for each in parts.below)
        for each, above in pairwise((*below, block)):
            require_parent(self._suite, each.header, above.header)
        for each in (*below, block):
            self._require_contents(each)
        unverified = [each for each in block.transactions if not self._verify(each)]
        return CheckedBlock(block, certificate, tuple(unverified), below)

    def _require_contents(self, block: Block) -> None:
        ids = self._contents(block)
        leaves = [encode(result) for result in block.results]
        if [result.transaction_id for result in block.results] != ids:
            raise BadProof("the results are not those of the transactions", step=STEP)
        if compute_root(self._suite, leaves) != block.header.results_root:
            raise BadProof("the results are not those that the header names", step=STEP)

    def certified(self, parts: BlockParts) -> tuple[Block, FinalityCertificate]:
        """A block whose header its certificate proves; nothing is said of the rest.

        Raises:
            MalformedBytes: The bytes are no block or certificate.
            BadProof: It is of another chain or an unknown epoch, or the certificate does not prove it.
        """
        block, certificate = decode(parts.block, Block), decode(parts.certificate, FinalityCertificate)
        if block.header.chain_id != self._chain_id:
            raise BadProof("a block of another chain", step=STEP)
        validators = self._validators_of(certificate.epoch)
        if validators is None:
            raise BadProof(f"validators of epoch {certificate.epoch} are not known here", step=STEP)
        verify_finality(self._suite, validators, certificate, block.header)
        return block, certificate

    def require_signatures(self, transactions: tuple[Transaction, ...]) -> None:
        """Check signatures, which no id covers; needs the state just before the block, or a later one.

        Raises:
            BadProof: A signature was replaced on the way.
        """
        if not all(map(self._verify, transactions)):
            raise BadProof("a transaction of a key that the state does not know", step=STEP)

    def _contents(self, block: Block) -> list[bytes]:
        """Ids of the transactions of a block whose header is proven."""
        header, batch = block.header, block.batch
        if digest_of(self._suite, batch) != header.batch_digest or batch.seq != header.height:
            raise BadProof("the batch is not the one that the header names", step=STEP)
        ids: list[bytes] = [self._suite.digest(each.body) for each in block.transactions]
        if batch.transaction_count != len(ids) or compute_root(self._suite, ids) != batch.transactions_root:
            raise BadProof("the transactions are not those that the batch names", step=STEP)
        return ids

    def _verify(self, transaction: Transaction) -> bool:
        """False when the key is not known."""
        try:
            public_key = self._public_key(decode(transaction.body, TransactionBody).key_id)
            if public_key is None:
                return False
            self._suite.verify(public_key, transaction.body, transaction.signature)
        except (MalformedBytes, BadSignature) as error:
            raise BadProof(f"a transaction's signature was replaced: {error}", step=STEP) from error
        return True

    def _public_key(self, key_id: bytes) -> bytes | None:
        # A key's id is the hash of its public key, so what was read once is true for ever.
        known = self._public_keys.get(key_id)
        if known is None:
            data = self._state_value(key_key(key_id))
            if data is None:
                return None
            if len(self._public_keys) >= KEYS_KEPT_MAX:
                self._public_keys.clear()
            known = self._public_keys[key_id] = decode_stored(data, KeyState).public_key
        return known


def stored_validators(genesis: Genesis, reader: Reader, epoch: int) -> ValidatorSet | None:
    """The set of an epoch as the store has it, whatever is executed meanwhile (rule MB-2)."""
    if epoch == genesis.validators.epoch:
        return genesis.validators
    data = reader.get(Space.STATE, validators_key(epoch)) if epoch > 0 else None
    return None if data is None else decode_stored(data, ValidatorSet)
