"""`govchain node run`: one validator in the foreground. The place where node and HTTP API are joined."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from govchain.cli.connection import PASSPHRASE_VARIABLE
from govchain.cli.options import Commands

app = Commands(help="One validator.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `run` a command of its own."""


@app.command("run")
def run_(
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The validator's node.yaml.")],
) -> None:
    """Run one validator until it is told to stop (Ctrl-C, SIGTERM). Logs go where the configuration says."""
    # Here, so that other commands do not load the store and its native library.
    from govchain import api
    from govchain.node import load_node_config, run

    run(load_node_config(config), api.serve, passphrase=os.environ.get(PASSPHRASE_VARIABLE))
