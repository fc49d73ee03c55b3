"""What a denial found, in Chinese: the chain keeps one English sentence, this table knows the other.

Results are hashed, so a better translation must not be in a block. The table is data, files in `details` that
are found, not listed: an English sentence with {0} for what differs, and its Chinese. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from govchain.legal.tables import read_table

DETAILS: Final = Path(__file__).parent / "details"
TRANSLATED_MAX: Final = 300
"""Characters up to which a detail is translated; a block has fewer."""
REMEMBERED_MAX: Final = 1024
"""Details that were looked up lately."""

_WORDS: Final = ((" or ", " 或 "), (", ", "、"))
"""Between the members of a list that stands for {0}."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the table."""

    en: str
    parts: tuple[str, ...]
    """The English between the values."""
    order: tuple[int, ...]
    """Number of the value behind each part but the last."""
    zh: str


@lru_cache(maxsize=REMEMBERED_MAX)
def detail_in_chinese(detail: str) -> str:
    """The detail of a denial in Chinese; as it is when the table does not know it."""
    # A value is translated as well, so the length bounds how deep this goes.
    sentence, values = _find(detail) if len(detail) <= TRANSLATED_MAX else (None, ())
    return detail if sentence is None else _fill(sentence, values)


def sentence_of(detail: str) -> str:
    """English of the table's sentence that a detail is; empty when there is none."""
    sentence, _ = _find(detail)
    return "" if sentence is None else sentence.en


def read_details(folder: Path) -> dict[str, str]:
    """English to Chinese, of every file in a folder.

    Raises:
        ConfigError: A file does not fit, or two of them hold one sentence.
    """
    return read_table(folder, dict[str, str], "sentence")


@cache
def details() -> Mapping[str, str]:
    """English to Chinese of the table that comes with the program."""
    return read_details(DETAILS)


@cache
def _sentences() -> tuple[Sentence, ...]:
    """Those that say most first, so that `fields.{0}: {1}` does not hide what is known more exactly."""
    parsed = [_parse(en, zh) for en, zh in details().items()]
    return tuple(sorted(parsed, key=lambda each: -sum(map(len, each.parts))))


def _parse(en: str, zh: str) -> Sentence:
    pieces = en.replace("{", "}").split("}")
    return Sentence(en, tuple(pieces[::2]), tuple(map(int, pieces[1::2])), zh)


def _find(detail: str) -> tuple[Sentence | None, tuple[str, ...]]:
    for sentence in _sentences():
        values = _match(sentence.parts, detail)
        if values is not None:
            return sentence, values
    return None, ()


def _match(parts: tuple[str, ...], detail: str) -> tuple[str, ...] | None:
    """What stands between the parts; None when they are not all there.

    Each part is taken at its first place and never tried again: a detail may quote what a stranger wrote, and
    its length must not decide how long this takes.
    """
    if len(parts) == 1:
        return () if detail == parts[0] else None
    first, *between, last = parts
    if not (detail.startswith(first) and detail.endswith(last)) or len(detail) < len(first) + len(last):
        return None
    values, at, end = [], len(first), len(detail) - len(last)
    for part in between:
        found = detail.find(part, at, end)
        if found < 0:
            return None
        values.append(detail[at:found])
        at = found + len(part)
    values.append(detail[at:end])
    return tuple(values) if all(values) else None


def _fill(sentence: Sentence, values: tuple[str, ...]) -> str:
    chinese = sentence.zh
    pieces = chinese.replace("{", "}").split("}")
    by_number = dict(zip(sentence.order, values, strict=True))
    return "".join(
        _value_in_chinese(by_number[int(piece)]) if place % 2 else piece for place, piece in enumerate(pieces)
    )


def _value_in_chinese(value: str) -> str:
    """A value is a name or figure, a sentence of its own, or a list."""
    chinese = detail_in_chinese(value)
    if chinese == value:
        for english, sign in _WORDS:
            chinese = chinese.replace(english, sign)
    return chinese
