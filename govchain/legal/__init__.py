"""Why a rule is as it is: legal bases from a table with sources, and refusals explained in two languages.

The table is data, one file for each field of law in `bases`; files are found, not listed. Rules name entries
by id. No rule is judged here.
"""

from govchain.legal.basis import LegalBasis, bases_of, legal_bases, read_bases
from govchain.legal.explanation import Explanation, explain, explain_all

__all__ = ["Explanation", "LegalBasis", "bases_of", "explain", "explain_all", "legal_bases", "read_bases"]
