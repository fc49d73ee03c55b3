"""How commands share options: a parameter marked `From(maker)` stands for the options of the maker.

A maker is a function whose parameters are options; the command gets what it returns. So `--network`, `--json`
and `--lang` are said once, and a command names what it needs: a connection, a terminal.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import typer

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class From:
    """Marks a parameter of a command as made from the options of a function."""

    maker: Callable[..., Any]


class Commands(typer.Typer):
    """A group of commands whose functions may have parameters marked `From`."""

    def command(self, *settings: Any, **named: Any) -> Callable[[C], C]:
        """As `typer.Typer.command`; the function itself stays as it is written."""
        register = super().command(*settings, **named)

        def add(function: C) -> C:
            register(spread(function))
            return function

        return add


def spread(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same command with the options of each maker in place of the parameter that they make."""
    makers: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {}
    own: list[inspect.Parameter] = []
    shared: list[inspect.Parameter] = []
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        maker = _maker_of(parameter)
        if maker is None:
            own.append(parameter)
            continue
        options = inspect.signature(maker, eval_str=True).parameters
        makers[parameter.name] = (maker, tuple(options))
        shared += options.values()

    @functools.wraps(function)
    def command(**given: Any) -> Any:
        for name, (maker, options) in makers.items():
            given[name] = maker(**{option: given.pop(option) for option in options})
        return function(**given)

    # Keyword only, so that options with defaults may stand before arguments without.
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *shared)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


def _maker_of(parameter: inspect.Parameter) -> Callable[..., Any] | None:
    marks = [mark for mark in get_args(parameter.annotation)[1:] if isinstance(mark, From)]
    return marks[0].maker if marks else None
