"""`govchain gateway`: make the gateways of a network folder, and run one in the foreground.

What a gateway does is in `govchain.gateway`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from govchain.cli.connection import PASSPHRASE_VARIABLE
from govchain.cli.options import Commands
from govchain.cli.terminal import Shown

app = Commands(help="Department gateways.", no_args_is_help=True)


@app.command()
def init(
    terminal: Shown,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Network folder.")],
) -> None:
    """Make a gateway for each organisation that has a key with the role `gateway`. Never overwrites."""
    from govchain.testnet.gateways import LocalGateways, init_gateways

    names = init_gateways(directory)
    gateways = LocalGateways(directory)
    for name in names:
        terminal.good(f"{gateways.process(name).folder}: {gateways.url(name)}")
    if not names:
        terminal.say(
            terminal.pick(
                "No organisation has a key with the role gateway; nothing was made. Give `people` of the "
                "organisations file one, or add a key with key.add.",
                "没有机构持有角色为 gateway 的密钥；未建立任何网关。"
                "请在机构文件的 people 中设置，或用 key.add 登记。",
            )
        )
    terminal.result({"gateways": [{"name": name, "url": gateways.url(name)} for name in names]})


@app.command("run")
def run_(
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The gateway's gateway.yaml.")],
) -> None:
    """Run one gateway until it is told to stop (Ctrl-C, SIGTERM). Logs go where the configuration says."""
    # Here, so that other commands do not load the database's library.
    from govchain.gateway.config import load_gateway_config
    from govchain.gateway.process import run

    run(load_gateway_config(config), passphrase=os.environ.get(PASSPHRASE_VARIABLE))
