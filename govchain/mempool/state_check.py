"""What the executed state says of a transaction before it is admitted (rules RQ-1, RQ-4).

The same for every validator that executed the same blocks: nothing here knows what waits in a pool.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from govchain.ledger.nonces import NONCE_WINDOW
from govchain.mempool.rejections import reject
from govchain.model import Genesis, TransactionBody


class KeyView(Protocol):
    """What admission must know of a key."""

    @property
    def public_key(self) -> bytes: ...

    @property
    def org(self) -> str: ...

    @property
    def active(self) -> bool: ...


class OrganisationView(Protocol):
    """What admission needs to know of an organisation."""

    @property
    def active(self) -> bool: ...


class AdmissionView(Protocol):
    """The executed state, as far as admission needs it."""

    @property
    def height(self) -> int: ...

    def key(self, key_id: bytes) -> KeyView | None: ...

    def organisation(self, org: str) -> OrganisationView | None: ...

    def is_nonce_used(self, key_id: bytes, nonce: int) -> bool: ...


CheckState = Callable[[TransactionBody, bool], KeyView]


class StateCheck:
    """Window, organisation, key and nonce of transactions, as the executed state has them."""

    def __init__(self, genesis: Genesis, view: AdmissionView) -> None:
        self._window_blocks = genesis.parameters.expiry_window_blocks
        self._view = view

    def check(self, body: TransactionBody, proposed: bool) -> KeyView:
        """The key that must have signed, cheapest checks first (rule RQ-1).

        Args:
            proposed: See `Mempool.admit`.

        Raises:
            InvalidTransaction: The state does not let it in.
        """
        if proposed:
            return self._validate_key(body, proposed)
        self._validate_window(body)
        key = self._validate_key(body, proposed)
        self._validate_nonce(body)
        return key

    def _validate_window(self, body: TransactionBody) -> None:
        height, window = self._view.height, self._window_blocks
        if body.expiry_height <= height:
            raise reject("expired", f"expiry height {body.expiry_height}, the chain is at {height}")
        if body.expiry_height > height + window:
            raise reject(
                "expiry-too-far", f"expiry height {body.expiry_height}, at most {height + window} now"
            )

    def _validate_key(self, body: TransactionBody, proposed: bool) -> KeyView:
        org = self._view.organisation(body.org)
        if org is None:
            raise reject("unknown-organisation", f"organisation {body.org[:32]!r} is not on this chain")
        if not org.active and not proposed:
            raise reject("organisation-suspended", f"organisation {body.org[:32]!r} is suspended")
        key = self._view.key(body.key_id)
        if key is None:
            raise reject("unknown-key", f"key {body.key_id.hex()[:12]} is not on this chain")
        if key.org != body.org:
            raise reject("unknown-key", f"key {body.key_id.hex()[:12]} is not one of {body.org[:32]!r}")
        if not key.active and not proposed:
            raise reject("key-not-active", f"key {body.key_id.hex()[:12]} has been revoked")
        return key

    def _validate_nonce(self, body: TransactionBody) -> None:
        if self._view.is_nonce_used(body.key_id, body.nonce):
            raise reject("nonce-used", f"nonce {body.nonce} of this key was executed before")
        below = body.nonce - NONCE_WINDOW
        if below >= 0 and not self._view.is_nonce_used(body.key_id, below):
            # It would burn every nonce below: a validator that lies about the next one could end a key.
            raise reject("nonce-too-far", f"nonce {body.nonce}, and {below} of this key is not used yet")
