"""A department's own data, sealed at rest, and what of it one question is told.

What may be told at all is decided by the chain's rules; here is only how: a value, yes or no, or whether a
bound is reached that the department offers. Nothing here knows who asks by right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from govchain.codec import decode, encode
from govchain.crypto import Suite
from govchain.crypto.vault import Vault
from govchain.errors import InvalidInput
from govchain.gateway.documents import Query
from govchain.gateway.ports import NUMBER_MAX, FieldOffer, Holding, ItemOffer
from govchain.gateway.store import GatewayStore
from govchain.ledger import mask_identifiers
from govchain.ledger.kinds.exchange.answers import Told
from govchain.ledger.kinds.exchange.sources import source_reference
from govchain.ledger.sharing import THRESHOLD, VALUE, YES_NO

HOLDINGS_MAX: Final = 1_000
"""Most holdings in one call."""
HOLDING_BYTES_MAX: Final = 65_536


class _Held(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="govchain.gateway-held/1"
):
    generation: int
    """Counts corrections: each has a source key of its own (rule D10)."""
    values: dict[str, bool | int | str]


class Holdings:
    """Reads and writes a department's data.

    Args:
        offers: Items that are served; a question about another one is refused.
    """

    def __init__(self, store: GatewayStore, vault: Vault, suite: Suite, offers: Sequence[ItemOffer]) -> None:
        self._store = store
        self._vault = vault
        self._suite = suite
        self._offers = {offer.item: {field.name: field for field in offer.fields} for offer in offers}

    def hold(self, holdings: Sequence[Holding]) -> None:
        """Keep data; raises InvalidInput when it is too much, or names a person plainly (rule I3)."""
        if len(holdings) > HOLDINGS_MAX:
            raise InvalidInput(f"{len(holdings)} holdings; expected at most {HOLDINGS_MAX} in one call")
        facts: list[tuple[str, bytes]] = []
        for number, holding in enumerate(holdings):
            names = (holding.person, *holding.known_as.values())
            if any(mask_identifiers(name) != name for name in names):
                # A pseudonym goes to other departments and on the chain; what is wrong with it stays here.
                raise InvalidInput(
                    f"holding {number}: a plain identity or mobile number; expected pseudonyms (rule I3)"
                )
            known = self._held(holding.item, holding.person)
            facts.append(self._fact(holding, 0 if known is None else known.generation))
            for org, reference in sorted(holding.known_as.items()):
                place = self._vault.index("link", org, reference)
                facts.append((place, self._vault.seal(holding.person.encode(), place)))
        self._store.put_facts(facts)

    def correct(self, holding: Holding) -> str:
        """Replace a wrong value; returns the source key (hex) by which everyone finds who received it.

        Asking again is safe: who did not hear the answer gets the same key, by which those are found who
        received the wrong value.

        Raises:
            InvalidInput: Nothing is held of that person and item.
        """
        known = self._held(holding.item, holding.person)
        if known is None:
            raise InvalidInput("nothing is held of this person for this item")
        if known.generation and _typed(known.values) == _typed(holding.values):
            return self._source_key(holding.item, holding.person, known.generation - 1).hex()
        self._store.put_facts([self._fact(holding, known.generation + 1)])
        return self._source_key(holding.item, holding.person, known.generation).hex()

    def person_of(self, org: str, reference: str) -> str:
        """The person whom another department means; empty when that is not known."""
        place = self._vault.index("link", org, reference)
        sealed = self._store.fact(place)
        return "" if sealed is None else self._vault.open(sealed, place).decode()

    def source_ref(self, query: Query) -> str:
        """How the person is named to this requester on the chain (rule D10)."""
        person = self.person_of(query.requester, query.subject_ref)
        held = self._held(query.item, person) if person else None
        if held is None:
            return self.nobody(query)
        key = self._source_key(query.item, person, held.generation)
        return source_reference(self._suite, key, query.requester)

    def nobody(self, query: Query) -> str:
        """The reference of whom this department does not know, or must not look for."""
        return self._vault.derive("nobody", query.item, query.requester, query.subject_ref).hex()

    def serves(self, item: str) -> bool:
        """Whether this department is asked for an item."""
        return item in self._offers

    def withheld(self, query: Query) -> list[str]:
        """Fields of a query that are not offered, or not with this bound; reads no data."""
        offered, bounds = self._offers.get(query.item, {}), dict(query.bounds)

        def is_offered(name: str) -> bool:
            offer = offered.get(name)
            return offer is not None and (query.mode != THRESHOLD or bounds.get(name) in offer.thresholds)

        return [name for name in query.fields if not is_offered(name)]

    def tell(self, query: Query) -> tuple[tuple[str, Told], ...]:
        """What is told about each field, in the order asked. Expects that nothing is `withheld`."""
        person = self.person_of(query.requester, query.subject_ref)
        held = self._held(query.item, person) if person else None
        values: Mapping[str, bool | int | str] = {} if held is None else held.values
        offered, bounds = self._offers[query.item], dict(query.bounds)
        told: list[tuple[str, Told]] = []
        for name in query.fields:
            value = values.get(name)
            if query.mode == VALUE:
                told.append((name, value))
            elif query.mode == YES_NO:
                told.append((name, _yes_or_no(value, offered[name])))
            else:
                told.append((name, _reaches(value, bounds[name])))
        assert query.mode == VALUE or all(answer is None or isinstance(answer, bool) for _, answer in told)
        return tuple(told)

    def _fact(self, holding: Holding, generation: int) -> tuple[str, bytes]:
        if any(isinstance(value, int) and abs(value) > NUMBER_MAX for value in holding.values.values()):
            raise InvalidInput("a number beyond 2^53-1")
        data = encode(_Held(generation, dict(sorted(holding.values.items()))))
        if len(data) > HOLDING_BYTES_MAX:
            raise InvalidInput(f"a holding of more than {HOLDING_BYTES_MAX} bytes")
        place = self._place(holding.item, holding.person)
        return place, self._vault.seal(data, place)

    def _held(self, item: str, person: str) -> _Held | None:
        place = self._place(item, person)
        sealed = self._store.fact(place)
        return None if sealed is None else decode(self._vault.open(sealed, place), _Held)

    def _place(self, item: str, person: str) -> str:
        return self._vault.index("held", item, person)

    def _source_key(self, item: str, person: str, generation: int) -> bytes:
        return self._vault.derive("source", item, person, str(generation))


def _yes_or_no(value: bool | int | str | None, offer: FieldOffer) -> bool | None:
    if isinstance(value, bool):
        return value
    return None if value is None else str(value) in offer.yes_when


def _reaches(value: bool | int | str | None, bound: int) -> bool | None:
    return value >= bound if isinstance(value, int) and not isinstance(value, bool) else None


def _typed(values: Mapping[str, Told]) -> dict[str, tuple[type, Told]]:
    """For comparing: true is not the number one."""
    return {name: (type(value), value) for name, value in values.items()}
