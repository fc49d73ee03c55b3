"""Department gateway: keeps a department's own data, asks other departments, and answers what it must."""

from govchain.gateway.ports import (
    Answered,
    Ask,
    ChainPort,
    GatewayPort,
    Holding,
    Outcome,
    PeerPort,
    Reading,
    Refused,
    Use,
)
from govchain.ledger.kinds.exchange.answers import Told

__all__ = [
    "Answered",
    "Ask",
    "ChainPort",
    "GatewayPort",
    "Holding",
    "Outcome",
    "PeerPort",
    "Reading",
    "Refused",
    "Told",
    "Use",
]
