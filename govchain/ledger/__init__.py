"""Meaning: executes ordered transactions by the rules of business into an authenticated state. Sans-IO.

`Ledger` executes, `Chain` reads. What there is of each kind of record, its payloads, data, transitions, rules
and texts, is in `govchain.ledger.kinds`; the envelope is in `govchain.ledger.payloads`, state values are in
`govchain.ledger.state`.
"""

from govchain.ledger.chain import Chain
from govchain.ledger.executed import ExecutedBlock, ProvenBlock
from govchain.ledger.kind import RecordKind
from govchain.ledger.kinds import KINDS, PAYLOADS, RULES, VERBS, data_of, record_type_of
from govchain.ledger.ledger import Ledger
from govchain.ledger.ports import Reader
from govchain.ledger.rules.personal import mask_identifiers, payload_holds_identifier
from govchain.ledger.rules.rule import Rule, Text
from govchain.ledger.state import DenialEntry, KeyState, OrganisationState, RecordState

__all__ = [
    "KINDS",
    "PAYLOADS",
    "RULES",
    "VERBS",
    "Chain",
    "DenialEntry",
    "ExecutedBlock",
    "KeyState",
    "Ledger",
    "OrganisationState",
    "ProvenBlock",
    "Reader",
    "RecordKind",
    "RecordState",
    "Rule",
    "Text",
    "data_of",
    "mask_identifiers",
    "payload_holds_identifier",
    "record_type_of",
]
