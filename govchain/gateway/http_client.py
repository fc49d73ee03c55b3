"""Gateways over HTTPS, as another gateway asks them, and as a department's own systems do.

Requests and answers are bounded; what they mean is in `requester` and `ports`.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self, TypeVar

import aiohttp
import msgspec

from govchain.errors import GovchainError, Indeterminate, InvalidInput, MalformedBytes, Unavailable
from govchain.gateway.documents import ANSWER_BYTES_MAX
from govchain.gateway.ports import Answered, Ask, Holding, Outcome, Refused, Use

BODY_BYTES_MAX: Final = 8 * 1024 * 1024
ANSWER_TIMEOUT_S: Final = 60.0
"""An answer waits for a block: that of the provider's own record."""
CONNECT_TIMEOUT_S: Final = 5.0
PORTAL_S: Final = 60
"""Life of a token that is used at once."""
BINARY: Final = "application/octet-stream"

T = TypeVar("T")


class _Session:
    """One HTTP session; opened and closed with the gateway that uses it."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=64, ssl=self._tls if self._tls is not None else True)
        timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> tuple[int, bytes]:
        """Status and body.

        Args:
            name: That the other side's certificate has to hold; without one, the host of the address.

        Raises:
            Unavailable: Nobody could be connected to, or it is somebody else.
            Indeterminate: The connection was lost after that.
        """
        assert self._session is not None, "opened with async with"
        try:
            async with self._session.request(
                method, url, data=body or None, headers=headers, allow_redirects=False, server_hostname=name
            ) as response:
                data = await response.content.read(BODY_BYTES_MAX + 1)
                while len(data) <= BODY_BYTES_MAX and (more := await response.content.read(BODY_BYTES_MAX)):
                    data += more
                if len(data) > BODY_BYTES_MAX:
                    raise MalformedBytes(f"{url} answered more than {BODY_BYTES_MAX} bytes")
                return response.status, data
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unavailable(f"{url} does not answer: {_reason(error)}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Indeterminate(f"{url} was lost: {_reason(error)}") from error


class HttpPeers(_Session):
    """`PeerPort` over HTTPS: each side shows the certificate of its organisation.

    Args:
        urls: Base address of each department's gateway.
    """

    def __init__(self, urls: Mapping[str, str], tls: ssl.SSLContext) -> None:
        super().__init__(tls)
        self._urls = dict(urls)

    def knows(self, provider: str) -> bool:
        """See `PeerPort`."""
        return provider in self._urls

    async def send(self, provider: str, message: bytes) -> bytes:
        """See `PeerPort`."""
        url = self._urls.get(provider)
        if url is None:
            raise Unavailable(f"no address of the gateway of {provider} is configured")
        status, data = await self.request(
            "POST", f"{url}/v1/exchanges", body=message, headers={"Content-Type": BINARY}, name=provider
        )
        if status != 200:
            raise Unavailable(f"the gateway of {provider} answered with status {status}: {_told(data)}")
        if len(data) > ANSWER_BYTES_MAX + 64:
            raise Unavailable(f"the gateway of {provider} answered with {len(data)} bytes")
        return data


class RemoteGateway(_Session):
    """`GatewayPort` of a gateway that is a process of its own; use as an async context manager.

    Args:
        url: Its base address.
        desk_token: Token of the department's own systems.
        tls: With the authority of its certificate; without it that of the system.
    """

    def __init__(self, url: str, desk_token: str, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {desk_token}", "Content-Type": "application/json"}

    async def ask(self, ask: Ask) -> Outcome:
        """See `GatewayPort`."""
        found: Answered | Refused = await self._call("POST", "/v1/asks", ask, Answered | Refused)
        return found

    async def uses(self, person: str) -> Sequence[Use]:
        """See `GatewayPort`."""
        found: tuple[Use, ...] = await self._call("POST", "/v1/uses", {"person": person}, tuple[Use, ...])
        return found

    async def hold(self, holdings: Sequence[Holding]) -> None:
        """See `GatewayPort`."""
        await self._call("POST", "/v1/holdings", list(holdings), dict[str, int])

    async def correct(self, holding: Holding) -> str:
        """See `GatewayPort`."""
        found = await self._call("POST", "/v1/corrections", holding, dict[str, str])
        return str(found["source_key"])

    async def portal_token(self, person: str, valid_s: int) -> str:
        """A token with which a person sees their own uses."""
        asked = {"person": person, "valid_s": valid_s}
        found = await self._call("POST", "/v1/portal/tokens", asked, dict[str, str])
        return str(found["token"])

    async def own_uses(self, person: str) -> Sequence[Use]:
        """See `GatewayPort`."""
        headers = {"Authorization": f"Bearer {await self.portal_token(person, PORTAL_S)}"}
        found = await self._call("GET", "/v1/portal/uses", None, tuple[_Shown, ...], headers)
        return tuple(each.use for each in found)

    async def _call(
        self, method: str, path: str, value: Any, kind: Any, headers: Mapping[str, str] | None = None
    ) -> Any:
        body = b"" if value is None else msgspec.json.encode(value)
        status, data = await self.request(
            method, self._url + path, body=body, headers=headers or self._headers
        )
        if status != 200:
            raise _error(status, data)
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise MalformedBytes(f"{self._url}{path}: not an answer of this kind") from error


def _reason(error: BaseException) -> str:
    """What is known of a failure of a connection: TLS says why, the rest has a name."""
    # The library wraps what TLS said in an error that only looks like one of TLS.
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        error = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason
    return type(error).__name__


def _told(data: bytes) -> str:
    """Code and detail of another gateway's problem, bounded; its word, for a person to read."""
    try:
        problem = msgspec.json.decode(data, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "no problem+json body"
    return f"{problem.code[:40]}: {problem.detail[:200]}"


def _error(status: int, data: bytes) -> GovchainError:
    try:
        problem = msgspec.json.decode(data, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Indeterminate(f"HTTP {status} without a problem+json body")
    kinds: dict[str, type[GovchainError]] = {"unavailable": Unavailable, "indeterminate": Indeterminate}
    if problem.retry:
        kinds[problem.code] = Unavailable if problem.definite else Indeterminate
    error = kinds.get(problem.code, InvalidInput)(problem.detail[:300])
    error.code = problem.code
    return error


class _Shown(msgspec.Struct):
    """What the portal says of one use; the sentences are for people."""

    use: Use


class _Problem(msgspec.Struct):
    code: str = "error"
    detail: str = ""
    definite: bool = False
    retry: bool = False
