"""Order: a sans-IO PBFT core. Events in, one `Output` out; drivers do everything else.

Nothing here waits, reads a clock, draws randomness or touches disk or network. Rules: docs/protocol.md.
"""

from govchain.consensus.epochs import EarlyMessages
from govchain.consensus.events import (
    BlockExecuted,
    BlockInstalled,
    Event,
    EvidenceReceived,
    TimerFired,
    TimerKind,
    TransactionsAvailable,
    TransactionsDropped,
    Verified,
)
from govchain.consensus.messages import SignedMessage
from govchain.consensus.new_view import largest_new_view_bytes
from govchain.consensus.output import (
    NOTHING,
    CancelTimer,
    Decision,
    FetchTransactions,
    LogEntry,
    Note,
    Output,
    Send,
    SetTimer,
)
from govchain.consensus.rejection import REJECTION_CODES
from govchain.consensus.replica import Replica
from govchain.consensus.restoring import RestoredState
from govchain.consensus.verify import verify_message

__all__ = [
    "NOTHING",
    "REJECTION_CODES",
    "BlockExecuted",
    "BlockInstalled",
    "CancelTimer",
    "Decision",
    "EarlyMessages",
    "Event",
    "EvidenceReceived",
    "FetchTransactions",
    "LogEntry",
    "Note",
    "Output",
    "Replica",
    "RestoredState",
    "Send",
    "SetTimer",
    "SignedMessage",
    "TimerFired",
    "TimerKind",
    "TransactionsAvailable",
    "TransactionsDropped",
    "Verified",
    "largest_new_view_bytes",
    "verify_message",
]
