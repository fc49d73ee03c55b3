"""Status lists that a gateway hands out to anybody, whole, of its own department or of another (rule L9).

Kept is only what verifies and is anchored on the chain, so a copy is as good as its issuer's: whoever checks
a licence asks a gateway of their choice, for a list, and never for a place in it. Lists are made elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from govchain.codec import decode, encode
from govchain.crypto.vault import Vault
from govchain.disclosure import TokenKey, verify_status_list
from govchain.disclosure.jws import read_token
from govchain.disclosure.reasons import refuse
from govchain.disclosure.status_list import names_of, require_anchored
from govchain.gateway.ports import ChainPort
from govchain.gateway.store import GatewayStore
from govchain.ledger.kinds.status_list import StatusListData

RECORD: Final = "status-list"


class _Kept(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.gateway-list/1"
):
    fresh_until_s: int
    text: str


@dataclass(frozen=True, slots=True)
class StatusLists:
    """The lists of one gateway."""

    store: GatewayStore
    vault: Vault
    chain: ChainPort

    async def keep(self, text: str) -> str:
        """Verify a list and keep it in the place of the one before; returns its address.

        Raises:
            BadCredential: It does not verify, is over, or is not the one that the chain holds the digest of.
            Unavailable: Too few validators answered.
        """
        token = read_token(text)
        issuer, address = (str(token.payload.get(name, "")) for name in ("iss", "sub"))
        names = names_of(address)
        if names is None or names[0] != issuer:
            raise refuse(
                "wrong-list", "its address is not one at which a gateway hands out lists of its issuer"
            )
        key = await self._key_of(issuer, str(token.header.get("kid", "")))
        found = verify_status_list(
            text, lambda issuer, key_id: key, issuer=issuer, uri=address, now_s=self._now_s()
        )
        record = (await self.chain.read([(RECORD, address)])).records[RECORD, address]
        if record is None or record.issuer_org != issuer:
            raise refuse("wrong-list", "the chain holds no digest of a list of this issuer at this address")
        require_anchored(found, record.data_as(StatusListData).digest)
        place = self._place(*names)
        kept = encode(_Kept(found.fresh_until_s, text))
        self.store.put_facts([(place, self.vault.seal(kept, place))])
        return address

    def find(self, issuer: str, name: str) -> tuple[str, int] | None:
        """A list that is fresh, and for how many seconds; None when there is none."""
        place = self._place(issuer, name)
        sealed = self.store.fact(place)
        if sealed is None:
            return None
        kept = decode(self.vault.open(sealed, place), _Kept)
        left_s = kept.fresh_until_s - self._now_s()
        return (kept.text, left_s) if left_s > 0 else None

    async def _key_of(self, issuer: str, key_id: str) -> TokenKey | None:
        try:
            known = await self.chain.key(bytes.fromhex(key_id))
        except ValueError:
            return None
        return TokenKey("EdDSA", known[1]) if known is not None and known[0] == issuer else None

    def _place(self, issuer: str, name: str) -> str:
        return self.vault.index(RECORD, issuer, name)

    def _now_s(self) -> int:
        return self.chain.now_ms() // 1_000
