"""What the guard keeps and reads: records of what was signed, and where a signed message stands.

Forms only. What may be signed is judged in `guard`.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Promise(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """One record of the guard: this was signed at this place."""

    epoch: int
    view: int
    seq: int
    """0 for what belongs to a view."""
    phase: str
    digest: bytes
    """Of the signed bytes."""
    certified: int
    """Highest certified height known then: no place up to it needs a record any more."""

    @property
    def round(self) -> tuple[int, int]:
        """Epoch and view: nothing is signed anew in a lower one."""
        return self.epoch, self.view


class Place(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The first fields of a message about a view; the others are passed over."""

    chain_id: bytes
    epoch: int
    validator: int
    view: int


class ViewChangePlace(Place, frozen=True, tag="govchain.view-change/1"):
    pass


class NewViewPlace(Place, frozen=True, tag="govchain.new-view/1"):
    pass


class SeqPlace(Place, frozen=True):
    seq: int


class ProposalPlace(SeqPlace, frozen=True, tag="govchain.proposal/1"):
    pass


class PreparePlace(SeqPlace, frozen=True, tag="govchain.prepare/1"):
    pass


class CommitPlace(SeqPlace, frozen=True, tag="govchain.commit/1"):
    pass


AnyPlace = ViewChangePlace | NewViewPlace | ProposalPlace | PreparePlace | CommitPlace
_places: Final = msgspec.msgpack.Decoder(AnyPlace)


def read_place(body: bytes) -> AnyPlace:
    """Where an own message stands, from its signed bytes.

    Raises:
        msgspec.MsgspecError: It is no message of one validator.
    """
    place: AnyPlace = _places.decode(body)
    return place
