"""Composition root: the `govchain` command, the only place that sees every layer.

No rule of business or protocol lives here.
"""

from govchain.cli.app import main

__all__ = ["main"]
