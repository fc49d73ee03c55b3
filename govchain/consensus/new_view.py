"""What a new view takes over from those before it: one pure function that makes and checks it (rule VC-3).

Why nothing that was committed can be lost is proved in docs/protocol.md. Nothing is sent or changed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from govchain.consensus.certificates import (
    CheckedViewChange,
    Judge,
    Prepared,
    expect_new_view,
    verify_view_change,
)
from govchain.consensus.messages import CertifiedHeader, NewView, Proposal
from govchain.consensus.rejection import violation
from govchain.consensus.slots import Position, ProposalEntry
from govchain.consensus.state import IN_FLIGHT_FACTOR
from govchain.consensus.verify import verify_message
from govchain.crypto import digest_of
from govchain.errors import InvalidInput
from govchain.model import Batch, ProtocolParameters, ValidatorSet
from govchain.model.ids import View

_MESSAGE_BYTES: Final = 400
"""More than a signed message has without its transaction ids, or a header."""
_ID_BYTES: Final = 34
_PREPARE_BYTES: Final = 200
_VOTE_BYTES: Final = 72


@dataclass(frozen=True, slots=True)
class CarriedBatch:
    """A batch that the new view proposes again: same bytes, same digest, same time."""

    parent: bytes
    batch: Batch
    digest: bytes
    transaction_ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """Everything that a new view takes over."""

    base: CertifiedHeader | None
    base_height: int
    batches: tuple[CarriedBatch, ...]
    """At base+1, base+2, and so on without a gap."""


@dataclass(frozen=True, slots=True)
class CheckedNewView:
    """A new view whose certificate was checked."""

    view: int
    base: CertifiedHeader | None
    base_height: int
    proposals: tuple[ProposalEntry, ...]


def compute_carried(origin: Position, view_changes: Sequence[CheckedViewChange]) -> Carried:
    """What follows from a quorum of view changes, the same for everybody (rule VC-3; situations 21 to 27).

    It begins above the highest certified header. At each seq the prepared certificate of the highest view
    wins. The run ends at the first seq that nobody saw prepared, or whose batch cannot follow the one before
    it: nothing from there on was committed, because a commit leaves only after every batch below it.
    """
    base: CertifiedHeader | None = None
    before = origin
    for change in view_changes:
        if change.base is not None and change.base_height > before.height:
            header = change.base.header
            base, before = change.base, Position(header.height, header.batch_digest, header.time_ms)
    base_height = before.height
    by_seq: dict[int, list[Prepared]] = {}
    for change in view_changes:
        for prepared in change.prepared:
            by_seq.setdefault(prepared.seq, []).append(prepared)
    batches: list[CarriedBatch] = []
    carried_ids: dict[bytes, None] = {}
    while candidates := by_seq.get(before.height + 1):
        winner = max(candidates, key=lambda prepared: prepared.view).entry
        batch, ids = winner.message.batch, winner.message.transaction_ids
        # The winner's own parent proves little: only the digest is what a quorum voted for.
        parents = [each.entry.message.parent for each in candidates if each.entry.digest == winner.digest]
        if before.batch_digest not in parents or batch.time_ms < before.time_ms:
            break
        if any(id_ in carried_ids for id_ in ids):
            break
        carried_ids.update(dict.fromkeys(ids))
        batches.append(CarriedBatch(before.batch_digest, batch, winner.digest, ids))
        before = Position(before.height + 1, winner.digest, batch.time_ms)
    return Carried(base, base_height, tuple(batches))


def make_proposals(judge: Judge, view: int, carried: Carried) -> tuple[Proposal, ...]:
    """The proposals by which the primary of a view carries batches over (rule VC-3)."""
    return tuple(
        Proposal(
            chain_id=judge.chain_id,
            epoch=judge.validators.epoch,
            validator=judge.validators.primary(View(view)),
            view=view,
            seq=carried.base_height + 1 + place,
            parent=each.parent,
            batch=each.batch,
            transaction_ids=each.transaction_ids,
        )
        for place, each in enumerate(carried.batches)
    )


def largest_new_view_bytes(parameters: ProtocolParameters, validators: ValidatorSet) -> int:
    """About how large a new view can get: it must fit one frame, or no view could ever change (rule VC-2)."""
    in_flight = IN_FLIGHT_FACTOR * parameters.pipeline
    proposal = _MESSAGE_BYTES + _ID_BYTES * parameters.batch_records_max
    prepared = proposal + _PREPARE_BYTES * validators.quorum_size
    base = 2 * _MESSAGE_BYTES + _VOTE_BYTES * validators.size
    return validators.quorum_size * (base + in_flight * prepared) + in_flight * proposal


def select_view_changes(judge: Judge, message: NewView) -> list[CheckedViewChange]:
    """The view changes of a new view that count: bad and repeated ones are passed over (rule VC-7)."""
    chosen: dict[int, CheckedViewChange] = {}
    for signed in message.view_changes:
        checked = verify_view_change(judge, signed, message.view)
        if checked is not None and checked.validator not in chosen:
            chosen[checked.validator] = checked
    return list(chosen.values())


def check_new_view(judge: Judge, message: NewView) -> CheckedNewView:
    """Check that a view may be entered: a quorum wants it and its proposals follow (rules VC-3, VC-5).

    Raises:
        ProtocolViolation: Code `bad-new-view`.
    """
    primary = judge.validators.primary(View(message.view))
    expect_new_view(message.validator == primary, message, f"its primary is {primary}")
    expect_new_view(len(message.view_changes) <= judge.validators.size, message, "too many view changes")
    chosen = select_view_changes(judge, message)
    quorum = judge.validators.quorum_size
    expect_new_view(len(chosen) >= quorum, message, f"{len(chosen)} view changes, a quorum is {quorum}")
    carried = compute_carried(judge.origin, chosen)
    expected = make_proposals(judge, message.view, carried)
    expect_new_view(
        len(expected) == len(message.proposals), message, f"{len(expected)} proposals follow from it"
    )
    entries = []
    for wanted, each, signed in zip(expected, carried.batches, message.proposals, strict=True):
        try:
            found = verify_message(judge.suite, judge.validators, judge.chain_id, signed).message
        except InvalidInput as error:
            problem = f"view {message.view}: proposal {wanted.seq}: {error}"
            raise violation("bad-new-view", message.validator, problem) from error
        expect_new_view(found == wanted, message, f"another proposal follows at seq {wanted.seq}")
        assert each.digest == digest_of(judge.suite, wanted.batch)
        entries.append(ProposalEntry(wanted, signed, each.digest))
    return CheckedNewView(message.view, carried.base, carried.base_height, tuple(entries))
