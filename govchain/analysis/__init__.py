"""What is found out beside the chain: terms to plan with, patterns to look at. No validator decides by it."""

from govchain.analysis.invoice_rings import InvoiceEdge, Ring, RingReport, RingRule, find_rings
from govchain.analysis.terms import Term, add_working_days

__all__ = [
    "InvoiceEdge",
    "Ring",
    "RingReport",
    "RingRule",
    "Term",
    "add_working_days",
    "find_rings",
]
