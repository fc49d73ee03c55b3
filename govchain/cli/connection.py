"""Which network a command talks to, and who signs: options, network folders, keys.

A network folder gives addresses, genesis and keys at once; each can be named on its own instead.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from govchain.cli.options import From
from govchain.client import Client
from govchain.crypto import Signer
from govchain.crypto.keys import read_key_file
from govchain.errors import ConfigError
from govchain.model import Genesis
from govchain.testnet import NetworkManifest, load_genesis, load_network, salt_file

T = TypeVar("T")

PASSPHRASE_VARIABLE: Final = "GOVCHAIN_KEY_PASSPHRASE"

NetworkOption = Annotated[
    Path | None,
    typer.Option(
        "--network",
        metavar="DIR",
        envvar="GOVCHAIN_NETWORK",
        help="Network folder: gives addresses, genesis and keys.",
    ),
]
UrlOption = Annotated[
    list[str] | None, typer.Option("--url", help="Address of a validator's API. May be given several times.")
]
GenesisOption = Annotated[
    Path | None,
    typer.Option(
        "--genesis", metavar="FILE", help="The genesis to trust.", show_default="of the network folder"
    ),
]
PersonOption = Annotated[
    str | None, typer.Option("--as", metavar="PERSON", help="Whose key of the network folder signs.")
]
OrgOption = Annotated[
    str | None, typer.Option("--org", metavar="USCC", help="With --key: the organisation of the key.")
]
KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key", metavar="FILE", help=f"Key file that signs. A passphrase comes from {PASSPHRASE_VARIABLE}."
    ),
]


@dataclass(frozen=True, slots=True)
class Connection:
    """Where to ask, and what to trust."""

    urls: tuple[str, ...]
    genesis: Genesis | None
    manifest: NetworkManifest | None
    directory: Path | None

    def client(self) -> Client:
        """A client of this network."""
        return Client(self.urls, genesis=self.genesis)

    def require_genesis(self) -> Genesis:
        """The genesis to verify against.

        Raises:
            ConfigError: None is known.
        """
        if self.genesis is None:
            raise ConfigError(
                "nothing to verify against",
                expected="--genesis FILE or --network DIR",
                hint="the file is genesis.json",
            )
        return self.genesis


@dataclass(frozen=True, slots=True)
class SignerChoice:
    """What was said about who signs: a person of the network folder, or a key file and whose it is."""

    person: str | None = None
    org: str | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs."""

    person: str
    org: str
    signer: Signer


def open_connection(
    network: NetworkOption = None, url: UrlOption = None, genesis: GenesisOption = None
) -> Connection:
    """The network that the options name.

    Raises:
        ConfigError: They name none, or a file of it does not fit.
    """
    manifest, trusted = (None, None) if network is None else load_network(network)
    if genesis is not None:
        trusted = load_genesis(genesis)
    addresses = tuple(url or (manifest.urls if manifest is not None else ()))
    if not addresses:
        raise ConfigError(
            "no network to talk to",
            expected="--network DIR, or --url ADDRESS with --genesis FILE",
            hint="make one with: govchain testnet init --out DIR && govchain testnet up DIR",
        )
    return Connection(tuple(address.rstrip("/") for address in addresses), trusted, manifest, network)


def trusted_genesis(genesis: GenesisOption = None, network: NetworkOption = None) -> Genesis:
    """The genesis that the reader named.

    Raises:
        ConfigError: None was named.
    """
    if genesis is not None:
        return load_genesis(genesis)
    if network is not None:
        return load_genesis(network / "genesis.json")
    raise ConfigError(
        "nothing to verify against",
        expected="--genesis FILE or --network DIR",
        hint="the genesis is what you trust: take it from somebody you do, not from the receipt's sender",
    )


def choose_signer(person: PersonOption = None, org: OrgOption = None, key: KeyOption = None) -> SignerChoice:
    """Who signs, as the options name it."""
    return SignerChoice(person, org, key)


Reached = Annotated[Connection, From(open_connection)]
"""The network that a command talks to."""
Trusted = Annotated[Genesis, From(trusted_genesis)]
"""The genesis that a command verifies against."""
Signing = Annotated[SignerChoice, From(choose_signer)]
"""Whose key a command signs with."""


def open_identity(
    connection: Connection, choice: SignerChoice = SignerChoice(), *, org_roles: tuple[str, ...] = ()
) -> Identity:
    """The key that signs; without a choice, the first key holder of an organisation with one of these roles.

    Raises:
        ConfigError: No key, an incomplete choice, or a key file that cannot be used.
    """
    passphrase = os.environ.get(PASSPHRASE_VARIABLE)
    if choice.key is not None:
        if choice.org is None:
            raise ConfigError("--key needs to know whose it is", expected="--org USCC")
        return Identity(choice.key.stem, choice.org, read_key_file(choice.key, passphrase))
    if connection.manifest is None or connection.directory is None:
        raise ConfigError("no key to sign with", expected="--key FILE with --org USCC, or --network DIR")
    holder = connection.manifest.person(choice.person or _first_holder(connection, org_roles))
    return Identity(holder.id, holder.org, read_key_file(connection.directory / holder.key, passphrase))


def read_salt(connection: Connection, identity: Identity, path: Path | None) -> bytes:
    """Secret salt of commitments: the file named, else that of the signer's organisation, else none."""
    if path is None and connection.directory is not None:
        kept = connection.directory / salt_file(identity.org)
        path = kept if kept.is_file() else None
    return b"" if path is None else path.read_bytes()


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part to its end."""
    return asyncio.run(work)


def _first_holder(connection: Connection, org_roles: tuple[str, ...]) -> str:
    assert connection.manifest is not None
    fitting = {
        org.id
        for org in (connection.genesis.organisations if connection.genesis is not None else ())
        if any(role in org.roles for role in org_roles)
    }
    for holder in connection.manifest.people:
        if holder.org in fitting:
            return holder.id
    names = ", ".join(holder.id for holder in connection.manifest.people)
    raise ConfigError("who signs?", expected=f"--as PERSON, one of: {names}")
