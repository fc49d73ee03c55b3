"""Parameters as data: read from a request, described in OpenAPI, from the same lines.

A parameter that the route does not have is refused, so that a typing error never reads as "use the default".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, assert_never

from aiohttp import web

from govchain.api.context import Asked
from govchain.api.limits import ApiLimits
from govchain.api.problems import Refusal

NUMBER_MAX: Final = 2**63 - 1
TEXT_MAX: Final = 512

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number, minimum <= value <= maximum; `maximum` may name a field of `ApiLimits`."""

    minimum: int = 0
    maximum: int | str = NUMBER_MAX
    default: int | None = None

    def limit(self, limits: ApiLimits) -> int:
        return int(getattr(limits, self.maximum)) if isinstance(self.maximum, str) else self.maximum


@dataclass(frozen=True, slots=True)
class Flag:
    """Present or not; `true` and `false` may be spelled out."""


@dataclass(frozen=True, slots=True)
class Id:
    """32 bytes as 64 lower-case hex digits."""


@dataclass(frozen=True, slots=True)
class Text:
    """1 to TEXT_MAX characters without control characters."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words; the first is the default."""

    words: tuple[str, ...]


ParameterKind = Number | Flag | Id | Text | Choice


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a route."""

    name: str
    kind: ParameterKind
    summary: str
    place: str = "query"
    """`query` or `path`."""


def read_parameters(request: web.Request, parameters: Sequence[Parameter], limits: ApiLimits) -> Asked:
    """Every parameter's value; absent ones have their default or None.

    Raises:
        Refusal: A query parameter is unknown, repeated or out of range; a path parameter cannot be one.
    """
    known = {parameter.name for parameter in parameters if parameter.place == "query"}
    for name in request.query:
        if name not in known:
            expected = f"known here: {', '.join(sorted(known))}" if known else "this resource has none"
            raise Refusal("invalid-parameter", f"unknown parameter {name[:40]!r}; {expected}")
        if len(request.query.getall(name)) > 1:
            raise Refusal("invalid-parameter", f"parameter {name!r} is given twice")
    asked: dict[str, Any] = {}
    for parameter in parameters:
        source = request.match_info if parameter.place == "path" else request.query
        asked[parameter.name] = _read(source.get(parameter.name), parameter, limits)
    return asked


def _read(text: str | None, parameter: Parameter, limits: ApiLimits) -> Any:
    kind = parameter.kind
    match kind:
        case Number():
            return kind.default if text is None else _read_number(text, parameter, kind, limits)
        case Flag():
            return text is not None and _read_flag(text, parameter)
        case Id():
            if text is None:
                return None
            if not _DIGEST.fullmatch(text):
                raise _wrong(parameter, text, "64 lower-case hex digits")
            return bytes.fromhex(text)
        case Text():
            if text is not None and not (1 <= len(text) <= TEXT_MAX and text.isprintable()):
                raise _wrong(parameter, text, f"1 to {TEXT_MAX} printable characters")
            return text
        case Choice():
            if text is not None and text not in kind.words:
                raise _wrong(parameter, text, " or ".join(kind.words))
            return kind.words[0] if text is None else text
        case _:
            assert_never(kind)


def _read_number(text: str, parameter: Parameter, kind: Number, limits: ApiLimits) -> int:
    maximum = kind.limit(limits)
    if not _DECIMAL.fullmatch(text) or not kind.minimum <= int(text) <= maximum:
        raise _wrong(parameter, text, f"a whole number, {kind.minimum} to {maximum}")
    return int(text)


def _read_flag(text: str, parameter: Parameter) -> bool:
    if text not in ("", "1", "true", "0", "false"):
        raise _wrong(parameter, text, "nothing, true or false")
    return text in ("", "1", "true")


def _wrong(parameter: Parameter, found: str, expected: str) -> Refusal:
    shown = found if len(found) <= 80 else found[:77] + "..."
    return Refusal("invalid-parameter", f"{parameter.name}: expected {expected}, found {shown!r}")
