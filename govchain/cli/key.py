"""`govchain key`: a new key, and the proof that one holds it, for whoever adds it to the chain (rule I10).

Nothing is sent: the record is the admin's, who gets the public key and the proof and never the secret.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from govchain.cli.connection import PASSPHRASE_VARIABLE, Trusted
from govchain.cli.options import Commands
from govchain.cli.terminal import Shown
from govchain.crypto import chain_id_of, suite
from govchain.crypto.keys import new_secret, read_key_file, write_key_file
from govchain.crypto.possession import prove_signing_key
from govchain.errors import ConfigError
from govchain.ledger.identifiers import is_credit_code

app = Commands(help="A new key, and the proof that one holds it.", no_args_is_help=True)


@app.command()
def prove(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Key file of the new key.")],
    terminal: Shown,
    trusted: Trusted,
    org: Annotated[
        str, typer.Option("--org", metavar="USCC", help="Organisation that is to add the key, or new member.")
    ],
    is_new: Annotated[
        bool, typer.Option("--new", help="Make the key file first; one that is there is never overwritten.")
    ] = False,
) -> None:
    """Sign for a chain and organisation with a new key: key.add, key.rotate, organisation.add ask for it."""
    if not is_credit_code(org):
        raise ConfigError(
            "not a unified social credit code",
            found=org,
            expected="18 characters with the right check character (GB 32100-2015)",
        )
    passphrase = os.environ.get(PASSPHRASE_VARIABLE)
    if is_new:
        write_key_file(file, trusted.suite, new_secret(), passphrase)
    signer = read_key_file(file, passphrase)
    proof = prove_signing_key(signer, chain_id_of(suite(trusted.suite), trusted), org)
    fields = {"key_id": signer.key_id.hex(), **proof}
    terminal.good(
        terminal.pick(
            f"the key of {file} is proven for {org} on {trusted.name}; its admin needs:",
            f"{file} 的密钥已为 {trusted.name} 上的 {org} 签署持有证明；管理员所需内容：",
        )
    )
    for name, value in fields.items():
        terminal.say(f"  {name}: {value}")
    terminal.result(fields)
