"""What catalog records carry, and what the chain remembers of an item of the directory.

Structs only; the rules beside them read these.
"""

from __future__ import annotations

from govchain.ledger.payloads import Part
from govchain.ledger.sharing import ItemElement
from govchain.ledger.state import RecordData


class CatalogField(Part, frozen=True):
    """One field that an item offers."""

    name: str
    element: str
    """Code of the datum across all departments; it has one authoritative source (rule D1)."""
    modes: list[str]
    """How it may be asked for: `yes-no`, `threshold`, `value` (rule D9)."""
    level: str = ""
    """Data classification, for example L3."""


class CatalogDraft(Part, frozen=True):
    """`catalog.draft`: a department describes data that it holds (→ DRAFT). Object id: item code."""

    name: str
    duty_item: str
    """Code of the duty under which the department collects it."""
    sharing: str
    """`unconditional`, `conditional` or `none` (rule D6); only a new item can have another class."""
    fields: list[CatalogField]
    needs_consent: bool = False
    """Whether each query needs the consent of the person concerned (rule D11)."""
    condition: str = ""
    update_freq: str = ""
    quality: str = ""
    format: str = ""
    endpoint: str = ""
    open_class: str = ""


class CatalogReview(Part, frozen=True):
    """`catalog.review`: the data authority approves a draft (DRAFT → REVIEWED)."""

    opinion: str = ""


class CatalogPublish(Part, frozen=True):
    """`catalog.publish`: the department opens a reviewed item for use (REVIEWED → PUBLISHED)."""


class CatalogUpdate(Part, frozen=True):
    """`catalog.update`: other fields, from now on (→ UPDATED)."""

    fields: list[CatalogField]
    reason: str


class CatalogChange(Part, frozen=True):
    """`catalog.suspend`, `catalog.resume`, `catalog.retire`: with the reason."""

    reason: str


class CatalogData(RecordData, frozen=True, tag="govchain.catalog-data/1"):
    """What the rules of the directory need to remember."""

    name: str
    duty_item: str
    sharing: str
    fields: tuple[ItemElement, ...]
    needs_consent: bool
    condition: str
    endpoint: str
    drafted_by: str
    """Pseudonym of who described it (rule G6)."""
    reason: str = ""
    """Of the last update, suspension, resumption or retirement."""
    suspended_by: str = ""
    """Organisation that suspended it; empty while it is not suspended."""

    def field(self, name: str) -> ItemElement | None:
        return next((field for field in self.fields if field.name == name), None)
