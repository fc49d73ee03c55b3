"""The pool: a transaction is admitted once, kept while it waits, and forgotten when executed or expired.

Pure bookkeeping over the executed state; gossip and order live elsewhere. Rules RQ-1 to RQ-5.
"""

from govchain.mempool.entries import Admitted
from govchain.mempool.form import ReadForm, TransactionForm
from govchain.mempool.pool import Mempool
from govchain.mempool.rejections import REJECTIONS, PoolFull
from govchain.mempool.state_check import AdmissionView, CheckState, KeyView, StateCheck

__all__ = [
    "REJECTIONS",
    "AdmissionView",
    "Admitted",
    "CheckState",
    "KeyView",
    "Mempool",
    "PoolFull",
    "ReadForm",
    "StateCheck",
    "TransactionForm",
]
