"""The records of a load: which kind comes next, and what it holds. Equal seeds give equal bytes.

Payloads only: `traffic` signs them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Final

from govchain.crypto import digest_chunks, suite
from govchain.crypto.file_digest import FileDigests
from govchain.ledger.kinds import PAYLOADS, VERBS
from govchain.ledger.payloads import Envelope, encode_payload
from govchain.scenario.backend import Rehearsal
from govchain.scenario.filling import fill_in_hashes, look_up_party
from govchain.scenario.references import resolve
from govchain.scenario.values import coerce
from govchain.scenario.verbs import ENVELOPE_KEYS
from govchain.scenario.workload import DEPOSIT, Load, Share
from govchain.sim.network import seeded_stream

ENGINE_FILLS: Final = ("object_id", "object_version", "prev_record_hash", "claimed_time", "file", "content")
"""Keys of `with` that differ from record to record, so that no mixture names them."""
FILLER: Final = "; filler="
"""Parameter of a media type that fills a payload up: every kind of record has one, and no rule reads it."""

_MEMBERS_ONLY: Final = ("admin", "validator")


def load_verbs() -> list[str]:
    """Verbs that a load may have: each makes the first record of an object, and changes no member."""
    return [
        name
        for name, verb in VERBS.items()
        if not verb.transition.from_states
        and verb.kind.keeps_records
        and not any(role in _MEMBERS_ONLY for role in verb.transition.key_roles)
    ]


def load_roles(load: Load) -> tuple[str, ...]:
    """Roles that the key of a load's clerk needs: the first of those of which a verb asks for one."""
    wanted = (VERBS[share.do].transition.key_roles for share in load.shares)
    return tuple(dict.fromkeys(roles[0] for roles in wanted if roles))


@dataclass(frozen=True, slots=True)
class _Form:
    """One kind of record, without what is new in each."""

    do: str
    envelope: dict[str, Any]
    fields: dict[str, Any]
    size_bytes: int


class LoadRecords:
    """What the clerk of one entry of `workload` hands in, record after record."""

    def __init__(self, rehearsal: Rehearsal, number: int) -> None:
        load = rehearsal.loaded.scenario.workload[number]
        self._number = number
        self._time = rehearsal.loaded.claimed_time(0)
        self._forms = [self._form(rehearsal, share) for share in load.shares]
        self._bounds = list(itertools.accumulate(share.ratio for share in load.shares))
        algorithms = suite(rehearsal.genesis.suite)
        self._draws = seeded_stream(algorithms, rehearsal.seed, f"workload:{number}:mix")

    def next_record(self, ordinal: int) -> tuple[str, bytes]:
        """Verb and payload of the next record, which is the one of that number from 0 on."""
        form = self._forms[self._draw()]
        object_id = f"LOAD-{self._number}-{ordinal // 1000:04}.{ordinal % 1000:03}"
        digests = digest_chunks([f"load {self._number} {ordinal}".encode()])
        values: dict[str, Any] = {**form.envelope, **form.fields}
        fill_in_hashes(values, PAYLOADS[form.do].__struct_fields__, digests, "text/plain")
        envelope = {key: value for key, value in values.items() if key in ENVELOPE_KEYS}
        envelope |= {"object_id": object_id, "object_version": 1, "claimed_time": self._time}
        fields = {key: value for key, value in values.items() if key not in ENVELOPE_KEYS}
        return form.do, _fill_up(envelope, fields, digests, form.size_bytes)

    def _draw(self) -> int:
        if len(self._forms) == 1:
            return 0
        drawn = next(self._draws) % self._bounds[-1]
        return next(place for place, bound in enumerate(self._bounds) if drawn < bound)

    def _form(self, rehearsal: Rehearsal, share: Share) -> _Form:
        kind = PAYLOADS[share.do]
        usual = {"evidence_kind": "log", "collected_at": self._time} if share.do == DEPOSIT else {}
        values = usual | resolve(share.with_, lambda reference: look_up_party(rehearsal, reference))
        return _Form(
            share.do,
            coerce({key: value for key, value in values.items() if key in ENVELOPE_KEYS}, Envelope),
            coerce({key: value for key, value in values.items() if key not in ENVELOPE_KEYS}, kind),
            share.size or 0,
        )


def _fill_up(
    envelope: dict[str, Any], fields: dict[str, Any], digests: FileDigests, size_bytes: int
) -> bytes:
    """The payload, filled up to that many bytes where it is smaller."""
    data = encode_payload(envelope, fields)
    if len(data) >= size_bytes:
        return data
    hashes = {"sha256": digests.sha256, "sm3": digests.sm3}
    usual = {"size_bytes": digests.size_bytes, "media_type": "text/plain"}
    reference: dict[str, Any] = envelope.get("payload_ref", usual)

    def filled(count: int) -> bytes:
        longer = {**reference, "media_type": f"{reference['media_type']}{FILLER}{'x' * count}"}
        return encode_payload({"payload_hash": hashes, **envelope, "payload_ref": longer}, fields)

    return filled(max(0, size_bytes - len(filled(0))))
