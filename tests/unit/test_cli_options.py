"""Options that commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from govchain.cli.options import Commands, From


@dataclass(frozen=True)
class Place:
    host: str
    port: int


def open_place(
    host: Annotated[str, typer.Option("--host")] = "here", port: Annotated[int, typer.Option("--port")] = 7
) -> Place:
    if port == 0:
        raise ValueError("no such port")
    return Place(host, port)


def commands() -> Commands:
    app = Commands()

    @app.command()
    def go(
        place: Annotated[Place, From(open_place)],
        name: Annotated[str, typer.Argument()],
        loud: Annotated[bool, typer.Option("--loud")] = False,
    ) -> None:
        """Go there."""
        typer.echo(f"{name} {place.host} {place.port} {loud}")

    return app


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["li"], "li here 7 False"),
        (["li", "--port", "8", "--loud"], "li here 8 True"),
        (["--host", "there", "li"], "li there 7 False"),
    ],
)
def test_a_parameter_is_made_from_the_options_of_its_maker(arguments: list[str], shown: str) -> None:
    outcome = CliRunner().invoke(commands(), arguments)
    assert outcome.output.strip() == shown


def test_help_shows_the_commands_own_options_before_the_shared_ones() -> None:
    text = CliRunner().invoke(commands(), ["--help"]).output
    assert "Go there." in text
    assert text.index("--loud") < text.index("--host") < text.index("--port")
    assert "place" not in text.lower()


def test_what_a_maker_finds_wrong_is_the_commands_error() -> None:
    outcome = CliRunner().invoke(commands(), ["li", "--port", "0"])
    assert isinstance(outcome.exception, ValueError)
