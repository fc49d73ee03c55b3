"""Meaning: executes ordered transactions by the rules of business into an authenticated state. Sans-IO.

`Ledger` executes, `Chain` reads. Payload structs are in `govchain.ledger.payloads`, state values in
`govchain.ledger.state`, and the table of transitions in `govchain.ledger.rules`.
"""

from govchain.ledger.chain import Chain
from govchain.ledger.executed import ExecutedBlock, ProvenBlock
from govchain.ledger.ledger import Ledger
from govchain.ledger.ports import Reader
from govchain.ledger.reports import (
    LegalEffectReport,
    LicenceAnswer,
    legal_effect_report,
    licence_status_at,
)
from govchain.ledger.rules.personal import mask_identifiers, payload_holds_identifier
from govchain.ledger.rules.registry import RULES, Rule
from govchain.ledger.state import DenialEntry, KeyState, OrganisationState, RecordState

__all__ = [
    "RULES",
    "Chain",
    "DenialEntry",
    "ExecutedBlock",
    "KeyState",
    "Ledger",
    "LegalEffectReport",
    "LicenceAnswer",
    "OrganisationState",
    "ProvenBlock",
    "Reader",
    "RecordState",
    "Rule",
    "legal_effect_report",
    "licence_status_at",
    "mask_identifiers",
    "payload_holds_identifier",
]
