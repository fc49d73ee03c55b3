"""What is found out beside the chain: tables to publish, patterns to look at. No validator decides by it."""

from govchain.analysis.holidays import announced_holidays
from govchain.analysis.invoice_rings import InvoiceEdge, Ring, RingReport, RingRule, find_rings

__all__ = [
    "InvoiceEdge",
    "Ring",
    "RingReport",
    "RingRule",
    "announced_holidays",
    "find_rings",
]
