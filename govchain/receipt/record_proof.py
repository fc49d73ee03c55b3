"""A record's current state with its proof: what a read at level `certified` answers (rule RD-1).

Values and their verification; presence and absence alike. Whoever holds the state builds one.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from govchain.codec import from_readable, to_readable
from govchain.crypto import chain_id_of, verify_finality
from govchain.crypto import suite as suite_named
from govchain.crypto.epochs import ValidatorChange, ValidatorHistory
from govchain.crypto.state_map import StateProof, verify_state
from govchain.errors import BadProof
from govchain.model import BlockHeader, FinalityCertificate, Genesis
from govchain.model.genesis_rules import validate_genesis
from govchain.receipt.bundle import require_format, require_small_numbers, write_pretty

RECORD_PROOF_FORMAT: Final = "govchain.record-proof/1"


class RecordProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the state holds under one key after one block."""

    govchain: str = RECORD_PROOF_FORMAT
    key: bytes
    """State key, for example `record/licence/…`."""
    value: bytes | None
    """Canonical state value; None says that there is no such record."""
    proof: StateProof
    """Leads from key and value to the header's state root."""
    header: BlockHeader
    certificate: FinalityCertificate | None = None
    """None at level `local`: then the answer is one validator's word."""
    validator_changes: tuple[ValidatorChange, ...] = ()
    """From genesis to the header's epoch, in order, beside a certificate (rule MB-4)."""


def write_record_proof(proof: RecordProof) -> bytes:
    """The file's bytes: UTF-8 JSON, two spaces of indent, one final newline."""
    return write_pretty(to_readable(proof))


def record_proof_from_plain(value: Any) -> RecordProof:
    """Record proof of a parsed JSON value.

    Raises:
        UnknownVersion: Of a format that this build does not know.
        MalformedBytes: A field is unknown, missing, mistyped or out of range; the message names it.
    """
    require_format(value, RECORD_PROOF_FORMAT)
    require_small_numbers(value)
    return from_readable(value, RecordProof, where="record proof")


def verify_record_proof(
    proof: RecordProof, genesis: Genesis, *, key: bytes | None = None, certified: bool = True
) -> None:
    """Check that the state after the header's block holds exactly this value under this key.

    Args:
        proof: The answer to check.
        genesis: What the reader trusts.
        key: State key that was asked for; without it any key is accepted.
        certified: False accepts an answer of level `local`, which no quorum has signed.

    Raises:
        BadProof: `step` is one of format, chain, key, state, validators, certificate.
        ConfigError: The genesis itself is impossible or of an unknown suite.
    """
    validate_genesis(genesis)
    suite = suite_named(genesis.suite)
    if proof.govchain != RECORD_PROOF_FORMAT:
        raise BadProof(f"format {proof.govchain!r}; expected {RECORD_PROOF_FORMAT!r}", step="format")
    expected = chain_id_of(suite, genesis)
    if proof.header.chain_id != expected:
        raise BadProof(
            f"the header is of chain {proof.header.chain_id.hex()}; this genesis makes {expected.hex()}",
            step="chain",
        )
    if key is not None and proof.key != key:
        about, asked = (each.decode(errors="backslashreplace") for each in (proof.key, key))
        raise BadProof(f"the answer is about {about!r}; asked was {asked!r}", step="key")
    try:
        verify_state(suite, root=proof.header.state_root, key=proof.key, value=proof.value, proof=proof.proof)
    except BadProof as error:
        raise BadProof(str(error), step="state") from error
    if proof.certificate is not None:
        history = ValidatorHistory(suite, genesis)
        history.follow(proof.validator_changes)
        verify_finality(suite, history.of(proof.header.epoch), proof.certificate, proof.header)
    elif certified:
        raise BadProof("no certificate: a single validator's word is not a proof", step="certificate")
