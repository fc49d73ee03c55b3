"""Reads that miss nothing: the barrier that stands before a read at level `latest` (rule RD-1).

No I/O, no clock, no waiting: both drivers, `govchain.node` and `govchain.sim`, use the same pieces.
"""

from govchain.reads.barrier import NONCE_BYTES, BarrierAnswers, ProvenHeight, ReadBarrier

__all__ = ["NONCE_BYTES", "BarrierAnswers", "ProvenHeight", "ReadBarrier"]
