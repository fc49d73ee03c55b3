"""The doctor: looks at what one validator is made of, says what it finds and what to do, mends what is safe.

Nothing is guessed: what others or an operator must decide is refused with the reason (rule RC-3).
"""

from govchain.doctor.examine import Examination, examine
from govchain.doctor.findings import Finding, Verdict

__all__ = ["Examination", "Finding", "Verdict", "examine"]
