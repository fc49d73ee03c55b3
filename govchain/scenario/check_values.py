"""What makes the values of a record impossible: unknown keys, wrong types, nothing where something must be.

Whether the chain takes them is for the chain to say. Knows no step and no load.
"""

from __future__ import annotations

from typing import Any

from govchain.config import Loaded
from govchain.ledger.kinds import PAYLOADS
from govchain.ledger.payloads import Envelope
from govchain.scenario.suggest import suggestion
from govchain.scenario.values import coerce, problems
from govchain.scenario.verbs import ENVELOPE_KEYS, FILE_KEYS, hashed_field


def check_values(source: Loaded[Any], do: str, values: dict[str, Any], where: tuple[str | int, ...]) -> None:
    """Refuse values that make no record of that verb.

    Args:
        source: The file.
        do: A verb that writes.
        values: A step's `with`, or what a load hands in.
        where: Where they stand.
    """
    kind = PAYLOADS[do]
    known = [*ENVELOPE_KEYS, *FILE_KEYS, *kind.__struct_fields__]
    for key in values:
        if key not in known:
            expected = suggestion(key, known)
            raise source.error(f"unknown key for {do}", *where, key, found=key, expected=expected)
    if "object_id" not in values:
        raise source.error(f"{do}: no object_id", *where, expected="object_id: the record's own number")
    envelope = {key: value for key, value in values.items() if key in ENVELOPE_KEYS}
    fields = {key: value for key, value in values.items() if key in kind.__struct_fields__}
    if any(key in values for key in FILE_KEYS):
        # The engine fills these in from the file.
        hashed = hashed_field(kind.__struct_fields__)
        made = {hashed: {"sha256": "", "sm3": ""}, "size_bytes": 0, "media_type": ""}
        fields = {key: value for key, value in made.items() if key in kind.__struct_fields__} | fields
    filled = {"object_version": 1, "claimed_time": "", "fields": {}}
    for part, part_kind in ((filled | envelope, Envelope), (fields, kind)):
        for place, expected in problems(coerce(part, part_kind), part_kind):
            if place == ("fields",):
                continue
            raise source.error(f"{do}: wrong or missing value", *where, *place, expected=expected)
