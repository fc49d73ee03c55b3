"""Pages for people: one self-contained HTML file for a run or a sweep, and traces for viewers.

Pages are made of what a run gave back; nothing here runs, judges or measures, and no page asks the
network for anything.
"""

from govchain.report.exchanges import exchange_lines
from govchain.report.page import render_page
from govchain.report.phrases import PROMISES, in_chinese
from govchain.report.reporter import Reporter, write_file
from govchain.report.tale import Line, Tale

__all__ = [
    "PROMISES",
    "Line",
    "Reporter",
    "Tale",
    "exchange_lines",
    "in_chinese",
    "render_page",
    "write_file",
]
