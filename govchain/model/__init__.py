"""Values of the chain: transactions, batches, blocks, certificates, validators, genesis.

Frozen structs and the arithmetic of quorums. Nothing here encodes, hashes, signs, waits or reads a clock.
Names for ids and positions (`Digest`, `View`, `Seq`, …) are in `govchain.model.ids`.
"""

from govchain.model.block import Attestation, Batch, Block, BlockHeader, FinalityCertificate, Vote
from govchain.model.space import STAGED, Space, Write
from govchain.model.transaction import Transaction, TransactionBody, TransactionResult
from govchain.model.validators import (
    Genesis,
    KeyRecord,
    Organisation,
    ProtocolParameters,
    Validator,
    ValidatorSet,
)

__all__ = [
    "STAGED",
    "Attestation",
    "Batch",
    "Block",
    "BlockHeader",
    "FinalityCertificate",
    "Genesis",
    "KeyRecord",
    "Organisation",
    "ProtocolParameters",
    "Space",
    "Transaction",
    "TransactionBody",
    "TransactionResult",
    "Validator",
    "ValidatorSet",
    "Vote",
    "Write",
]
