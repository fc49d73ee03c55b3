"""Why a rule is as it is: legal bases from a table with sources, and refusals explained in two languages.

The tables are data, one file for each field of law in `bases` and for each kind of record in `details`; files
are found, not listed. Rules name legal bases by id. No rule is judged here.
"""

from govchain.legal.basis import LegalBasis, bases_of, legal_bases, read_bases
from govchain.legal.detail import detail_in_chinese
from govchain.legal.explanation import Explanation, explain, explain_all

__all__ = [
    "Explanation",
    "LegalBasis",
    "bases_of",
    "detail_in_chinese",
    "explain",
    "explain_all",
    "legal_bases",
    "read_bases",
]
