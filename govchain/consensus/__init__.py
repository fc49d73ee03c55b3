"""Order: a sans-IO PBFT core. Events in, one `Output` out; drivers do everything else.

Nothing here waits, reads a clock, draws randomness or touches disk or network. Rules: docs/protocol.md.
"""

from govchain.consensus.events import (
    BlockExecuted,
    BlockInstalled,
    Event,
    TimerFired,
    TimerKind,
    TransactionsAvailable,
    TransactionsDropped,
    Verified,
)
from govchain.consensus.messages import Commit, Prepare, Proposal, SignedMessage
from govchain.consensus.output import (
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
from govchain.consensus.vote_identity import identify_vote

__all__ = [
    "REJECTION_CODES",
    "BlockExecuted",
    "BlockInstalled",
    "CancelTimer",
    "Commit",
    "Decision",
    "Event",
    "FetchTransactions",
    "LogEntry",
    "Note",
    "Output",
    "Prepare",
    "Proposal",
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
    "identify_vote",
    "verify_message",
]
