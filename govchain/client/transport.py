"""Asks validators over HTTP, one after another, until one answers; knows when a lost request may have worked.

A request is the same bytes everywhere, so asking the next validator is always safe: transaction ids do not
change with the number of times they are sent. What an answer means is read by the caller's function; what the
chain means by it is not known here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeVar

import aiohttp
import msgspec
from yarl import URL

from govchain.codec import from_readable
from govchain.errors import (
    BadProof,
    ConfigError,
    GovchainError,
    Indeterminate,
    InvalidInput,
    InvalidTransaction,
    MalformedBytes,
    NotPermitted,
    Unavailable,
)

T = TypeVar("T")

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
"""A validator may be hostile: no answer is read beyond this."""
DETAIL_MAX: Final = 300

HEDGE_S: Final = 1.0
"""When several validators are asked and one is silent for so long, another one is asked beside it."""

_PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, the same for every validator."""

    method: str
    path: str
    """Already percent-encoded."""
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = ""
    extra_timeout_s: float = 0.0
    """Time that the validator was asked to wait, on top of the usual limit."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one validator answered."""

    url: str
    status: int
    media_type: str
    body: bytes

    def json(self) -> Any:
        """Raises MalformedBytes when the body is not JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise MalformedBytes(f"{self.url} answered what is not JSON: {error}") from error

    @property
    def problem(self) -> dict[str, Any] | None:
        """The problem+json object; None when the answer is none."""
        if self.media_type != _PROBLEM:
            return None
        value = self.json()
        return value if isinstance(value, dict) else {}


class Transport:
    """Validators in order of preference; the one that answered last is asked first."""

    def __init__(self, urls: Sequence[str], *, timeout_s: float, tls: ssl.SSLContext | None = None) -> None:
        if not urls:
            raise ConfigError("no validator to ask", expected="at least one URL such as http://host:port")
        self._urls = list(dict.fromkeys(_base_url(url) for url in urls))
        self._timeout_s = timeout_s
        self._tls = tls
        self._preferred = 0
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, ssl=self._tls if self._tls is not None else True)
        self._session = aiohttp.ClientSession(
            connector=connector, headers={"User-Agent": "govchain-client"}, auto_decompress=False
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise ConfigError("the client is not open", expected="async with Client(...) as client")
        return self._session

    @property
    def size(self) -> int:
        """Number of different addresses."""
        return len(self._urls)

    @property
    def preferred_url(self) -> str:
        return self._urls[self._preferred]

    def rotate(self) -> None:
        """Ask another validator first from now on."""
        self._preferred = (self._preferred + 1) % len(self._urls)

    async def fetch(self, path: str, kind: type[T]) -> T:
        """The struct that a GET answers with, from the first validator that has one; raises as `ask` does."""

        def read(reply: Reply) -> T:
            return from_readable(expect_json(reply), kind)

        return (await self.ask(Request("GET", path), read))[0]

    async def ask(self, request: Request, read: Callable[[Reply], T]) -> tuple[T, bool]:
        """The first answer that `read` accepts, and whether an earlier attempt may have had an effect.

        `read` raises `Unavailable`, `Indeterminate`, `MalformedBytes` or `BadProof` to have the next
        validator asked; any other error is the answer.

        Raises:
            Unavailable: No validator did it.
            Indeterminate: One may have done it and none could say.
            BadProof: One answered with a proof that fails, and no other with a better one.
        """
        failures: list[tuple[str, str]] = []
        uncertain = False
        bad_proof: BadProof | None = None
        for _ in range(len(self._urls)):
            url = self._urls[self._preferred]
            try:
                return read(await self._once(url, request)), uncertain
            except BadProof as error:
                bad_proof = error
                failures.append((url, _text(error)))
            except (Unavailable, aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                failures.append((url, _text(error)))
            except (Indeterminate, MalformedBytes, aiohttp.ClientError, TimeoutError) as error:
                uncertain = True
                failures.append((url, _text(error)))
            self.rotate()
        if bad_proof is not None:
            raise bad_proof
        problem = _told(failures)
        raise Indeterminate(problem) if uncertain and request.method != "GET" else Unavailable(problem)

    async def ask_several(self, request: Request, read: Callable[[Reply], T], count: int) -> list[T]:
        """Answers of `count` different validators that `read` accepts, asked at the same time.

        Whatever one of them answers else, it is replaced by another: one alone can stop nobody.

        Raises:
            Unavailable: Too few answered.
            BadProof: Too few did, and one with a proof that fails.
        """
        assert 1 <= count <= self.size
        left = self._urls[self._preferred :] + self._urls[: self._preferred]
        running: dict[asyncio.Task[T], str] = {}
        found: list[T] = []
        failures: list[tuple[str, Exception]] = []

        def start() -> None:
            if left:
                url = left.pop(0)
                running[asyncio.ensure_future(self._answer(url, request, read))] = url

        try:
            while len(found) < count:
                while left and len(running) + len(found) < count:
                    start()
                if not running:
                    raise _too_few(failures)
                done, _ = await asyncio.wait(running, timeout=HEDGE_S, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    start()
                for task in done:
                    url = running.pop(task)
                    try:
                        found.append(task.result())
                    except (GovchainError, aiohttp.ClientError, TimeoutError) as error:
                        failures.append((url, error))
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return found

    async def _answer(self, url: str, request: Request, read: Callable[[Reply], T]) -> T:
        return read(await self._once(url, request))

    async def _once(self, url: str, request: Request) -> Reply:
        target = URL(url + request.path, encoded=True).update_query(dict(request.query))
        headers = {"Accept": "application/json, application/problem+json"}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        timeout = aiohttp.ClientTimeout(
            total=self._timeout_s + request.extra_timeout_s, sock_connect=self._timeout_s
        )
        async with self.session.request(
            request.method, target, data=request.body, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            body = await _read_bounded(response)
            return Reply(url, response.status, response.content_type, body)


def expect_json(reply: Reply) -> Any:
    """The JSON value of a successful reply; the error of any other.

    Raises:
        GovchainError: The error that the validator answered.
        MalformedBytes: The reply is neither.
    """
    if 200 <= reply.status < 300:
        return reply.json()
    raise error_of(reply)


def error_of(reply: Reply) -> GovchainError:
    """The error that a reply stands for."""
    problem = reply.problem
    if problem is None:
        text = f"HTTP {reply.status} without a problem+json body"
        return Indeterminate(text) if reply.status >= 500 else MalformedBytes(text)
    code, detail = str(problem.get("code", "error"))[:80], str(problem.get("detail", ""))[:DETAIL_MAX]
    if reply.status == 429 or reply.status >= 500:
        error: GovchainError = (
            Unavailable(detail) if problem.get("definite") is True else Indeterminate(detail)
        )
    elif code in ("unknown-transaction", "not-final"):
        error = Unavailable(detail)
    elif code == "not-permitted":
        return NotPermitted(str(problem.get("rule", "")), str(problem.get("denial", "")), detail)
    elif "transactions" in problem:
        return InvalidTransaction(code, detail)
    else:
        # Our request is wrong: no other validator would answer differently.
        error = InvalidInput(detail)
    error.code = code
    return error


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > ANSWER_BYTES_MAX:
            raise MalformedBytes(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
        parts.append(part)
    return b"".join(parts)


def _base_url(text: str) -> str:
    try:
        url = URL(text)
        usable = url.scheme in ("http", "https") and url.host is not None and not url.query_string
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError("not the address of a validator", found=text, expected="http://host:port")
    return text.rstrip("/")


def _told(failures: Sequence[tuple[str, str]]) -> str:
    """Who said what; what all said alike is said once."""
    texts = {text: None for _, text in failures}
    if len(texts) == 1 < len(failures):
        return f"{', '.join(url for url, _ in failures)}: {failures[0][1]}"
    return "; ".join(f"{url}: {text}" for url, text in failures)


def _too_few(failures: Sequence[tuple[str, Exception]]) -> GovchainError:
    for _, error in failures:
        if isinstance(error, BadProof):
            return error
    return Unavailable(_told([(url, _text(error)) for url, error in failures]))


def _text(error: BaseException) -> str:
    return str(error)[:DETAIL_MAX] or type(error).__name__
