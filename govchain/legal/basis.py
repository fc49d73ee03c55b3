"""The table of legal bases: which law, standard or practice a rule rests on, and where that was confirmed.

Reads its own files and nothing else. An entry that is not confirmed is shown without number and article.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from govchain.ledger import Rule, Text
from govchain.legal.tables import read_table

BASES: Final = Path(__file__).parent / "bases"
_NO_LAW: Final = Text("rule of this chain", "本链自有规则")


class LegalBasis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One law, standard or practice."""

    name_en: str
    """Without number."""
    name_zh: str
    mark: Literal["confirmed", "unconfirmed"]
    source: str
    """Where number and article were confirmed, or what is still open."""
    number: str = ""
    """For example GB/T 36904-2018."""
    article: str = ""
    """Number of the article, or the clause of a standard."""

    @property
    def text(self) -> Text:
        """As people read it; of an unconfirmed one only the name."""
        if self.mark == "unconfirmed":
            return Text(f"{self.name_en} (not confirmed)", f"{self.name_zh}（未经核实）")
        number_en = f" ({self.number})" if self.number else ""
        number_zh = f"（{self.number}）" if self.number else ""
        if not self.article:
            return Text(self.name_en + number_en, self.name_zh + number_zh)
        if self.article.isdecimal():
            article = Text(f" Art. {self.article}", f"第{self.article}条")
        else:
            article = Text(f", {self.article}", f"，{self.article}")
        return Text(self.name_en + number_en + article.en, self.name_zh + number_zh + article.zh)


def read_bases(folder: Path) -> dict[str, LegalBasis]:
    """Id to entry, of every file in a folder.

    Raises:
        ConfigError: A file does not fit, or two of them have one id.
    """
    return read_table(folder, dict[str, LegalBasis], "legal basis")


@cache
def legal_bases() -> Mapping[str, LegalBasis]:
    """Id to entry of the table that comes with the program."""
    return read_bases(BASES)


def bases_of(rule: Rule) -> Text:
    """What a rule rests on, as one text."""
    texts = [legal_bases()[id_].text for id_ in rule.basis] or [_NO_LAW]
    return Text("; ".join(text.en for text in texts), "；".join(text.zh for text in texts))
