"""One transaction through admission again, its rules and its change of state.

Never raises on foreign bytes: every transaction gets a result. What cannot be laid at a key's door
(unreadable, another chain, expired, unknown key, used nonce) changes no state; every other denial uses up its
nonce and is recorded (rule G8). No block, tree or store is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from govchain.codec import decode, encode
from govchain.crypto import Suite
from govchain.errors import MalformedBytes, NotPermitted
from govchain.ledger import nonces, state
from govchain.ledger.access import DecodeCache, StateAccess
from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds import VERBS, Verb
from govchain.ledger.overlay import StateView
from govchain.ledger.payload_check import decode_payload
from govchain.ledger.rules.attempt import Attempt
from govchain.ledger.rules.common import (
    g2_hashes_are_well_formed,
    g9_claimed_time_runs_forward,
    i5_tier_allows,
)
from govchain.ledger.rules.personal import mask_identifiers
from govchain.ledger.rules.rule import deny
from govchain.ledger.state import DenialEntry, KeyState, NonceState, OrganisationState
from govchain.model import ProtocolParameters, Transaction, TransactionBody, TransactionResult, ValidatorSet

DETAIL_MAX: Final = 240
"""Longest detail of a denial, in characters; details may quote what a stranger wrote."""
KIND_MAX: Final = 64
_BEFORE_ACTIVATION: Final = ("key", "member")


class Execution:
    """Executes the transactions of one block, one after the other.

    Args:
        chain_id: Chain that transactions must name.
        validators: Of the epoch of the block.
        height: Of the block, for expiry.
        block_time_ms: Of the block, for claimed times.
        view: Receives every change of state.
        validators_of: Members of an epoch, for evidence (rule EV-2).
    """

    def __init__(
        self,
        *,
        suite: Suite,
        chain_id: bytes,
        parameters: ProtocolParameters,
        validators: ValidatorSet,
        height: int,
        block_time_ms: int,
        view: StateView,
        cache: DecodeCache,
        validators_of: Callable[[int], ValidatorSet | None],
    ) -> None:
        self._suite = suite
        self._chain_id = chain_id
        self._parameters = parameters
        self._validators = validators
        self._height = height
        self._block_time_ms = block_time_ms
        self._view = view
        self._validators_of = validators_of
        self._access = StateAccess(view.get, cache)
        self._nonces: dict[bytes, NonceState] = {}
        """Of the keys that signed in this block; they go into the state once, at its end."""

    def run(
        self,
        transaction_ids: Sequence[bytes],
        transactions: Sequence[Transaction],
        decoded: Sequence[TransactionBody] | None = None,
    ) -> tuple[TransactionResult, ...]:
        """The results of the block's transactions, in order; their changes are settled in the view.

        Args:
            decoded: Their bodies, where somebody decoded them already.
        """
        bodies = [None] * len(transactions) if decoded is None else decoded
        results = tuple(map(self._run, transaction_ids, transactions, bodies))
        for key_id, used in self._nonces.items():
            self._view.put(state.nonces_key(key_id), encode(used))
        self._view.commit()
        return results

    def _run(
        self, transaction_id: bytes, transaction: Transaction, decoded: TransactionBody | None
    ) -> TransactionResult:
        try:
            body = decoded or self._decode_body(transaction)
            self._require_admissible(body)
            key = self._require_key(body)
            self._use_nonce(body)
        except NotPermitted as denial:
            return _denied(transaction_id, denial, "")
        about = _Subject()
        try:
            self._apply(transaction_id, body, key, about)
        except NotPermitted as denial:
            self._view.rollback()
            result = _denied(transaction_id, denial, about.object_id)
            self._record_denial(result, body, key)
            self._view.commit()
            return result
        self._view.commit()
        return TransactionResult(transaction_id, True, object_id=about.object_id)

    def _decode_body(self, transaction: Transaction) -> TransactionBody:
        try:
            return decode(transaction.body, TransactionBody)
        except MalformedBytes as error:
            raise deny(
                "RQ-1", "E_PAYLOAD", "the transaction body is not canonical bytes of a body"
            ) from error

    def _require_admissible(self, body: TransactionBody) -> None:
        """Rule RQ-1: what admission judged is judged again where it could have changed."""
        if body.chain_id != self._chain_id:
            raise deny("RQ-1", "E_CHAIN", "the transaction is for another chain")
        if body.expiry_height < self._height:
            raise deny("RQ-1", "E_EXPIRED", f"expired at height {body.expiry_height}")
        if not 0 <= body.nonce <= nonces.NONCE_MAX:
            raise deny("RQ-1", "E_PAYLOAD", "transaction body: nonce outside 0 to 2^63-1")

    def _require_key(self, body: TransactionBody) -> KeyState:
        """Rule I1: the key is known; whether it is active is judged once the nonce is used."""
        key = self._access.key(body.key_id)
        if key is None:
            raise deny("I1", "E_SIG", "the chain knows no such key")
        return key

    def _use_nonce(self, body: TransactionBody) -> None:
        """Rule RQ-4: one key and nonce execute at most once."""
        used = self._nonces.get(body.key_id) or self._access.nonces(body.key_id)
        if nonces.is_used(used, body.nonce):
            raise deny("RQ-4", "E_DUPLICATE", f"nonce {body.nonce} of this key is used")
        self._nonces[body.key_id] = nonces.use(used, body.nonce)

    def _apply(self, transaction_id: bytes, body: TransactionBody, key: KeyState, about: _Subject) -> None:
        org = self._require_signer(body, key)
        verb = self._require_verb(body)
        kind = verb.kind
        _require_confirmed(org, kind)
        envelope, fields, claimed_time_ms = decode_payload(verb, body.payload)
        about.object_id = f"{kind.record_type}/{envelope.object_id}"
        attempt = Attempt(
            suite=self._suite,
            chain_id=self._chain_id,
            parameters=self._parameters,
            validators=self._validators,
            validators_of=self._validators_of,
            view=self._view,
            access=self._access,
            transaction_id=transaction_id,
            record_type=kind.record_type,
            transition=verb.transition,
            key=key,
            org=org,
            block_time_ms=self._block_time_ms,
            envelope=envelope,
            fields=fields,
            claimed_time_ms=claimed_time_ms,
        )
        if kind.keeps_records:
            attempt.record = self._access.record(kind.record_type, envelope.object_id)
            if attempt.record is not None and kind.data is not None:
                attempt.data = attempt.record.data_as(kind.data)
        g2_hashes_are_well_formed(attempt)
        g9_claimed_time_runs_forward(attempt)
        i5_tier_allows(attempt)
        for rule in verb.transition.rules:
            rule(attempt)
        verb.transition.apply(attempt)

    def _require_signer(self, body: TransactionBody, key: KeyState) -> OrganisationState:
        """Rules I1, I2 and I5: the key is active at this point and speaks for its own active organisation."""
        if not key.active:
            raise deny("I1", "E_KEY_REVOKED", "the signing key is revoked")
        org = self._access.organisation(body.org)
        if org is None or key.org != body.org:
            raise deny("I5", "E_ROLE", "the key does not belong to the organisation that it names")
        if not org.active:
            raise deny("I2", "E_STATE", f"the organisation is {org.standing.lower()}")
        return org

    def _require_verb(self, body: TransactionBody) -> Verb:
        """Rule G0: the verb belongs to a kind of record."""
        verb = VERBS.get(body.kind)
        if verb is None:
            raise deny("G0", "E_KIND", "this chain knows no such kind of record")
        return verb

    def _record_denial(self, result: TransactionResult, body: TransactionBody, key: KeyState) -> None:
        """Rule G8: who, what and which rule, without the payload."""
        entry = DenialEntry(
            rule=result.rule,
            code=result.code,
            org=key.org,
            kind=mask_identifiers(body.kind[: 4 * KIND_MAX])[:KIND_MAX],
            object_id=result.object_id,
        )
        self._view.put(state.denial_key(result.transaction_id), encode(entry))


def _require_confirmed(org: OrganisationState, kind: RecordKind) -> None:
    """Rule I2: an organisation that was admitted writes nothing but its keys until it confirmed."""
    if org.standing == "ADMITTED" and kind.record_type not in _BEFORE_ACTIVATION:
        raise deny("I2", "E_STATE", "the organisation is admitted and has not confirmed (member.activate)")


def is_nonce_spent(result: TransactionResult) -> bool:
    """True when the result used up its nonce, so that no other result of the same transaction did."""
    return result.applied or not (result.rule in ("RQ-1", "RQ-4") or result.code == "E_SIG")


class _Subject:
    """Names the object once it is known, so that a denial can say what it was about."""

    __slots__ = ("object_id",)

    def __init__(self) -> None:
        self.object_id = ""


def _denied(transaction_id: bytes, denial: NotPermitted, object_id: str) -> TransactionResult:
    return TransactionResult(
        transaction_id=transaction_id,
        applied=False,
        rule=denial.rule,
        code=denial.denial,
        object_id=object_id,
        detail=mask_identifiers(denial.detail)[:DETAIL_MAX],
    )
