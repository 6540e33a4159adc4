"""One node's REST API as methods."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, NamedTuple, cast

import httpx

from gridnode.codec.canonical import pack
from gridnode.primitives.errors import OperatorError

TIMEOUT_S = 30.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""A node that is asked may be anybody's: reading stops here. The largest honest answer is a page of large blocks."""


class RemoteProblem(Exception):
    """The node refused a request, or could not be reached (status 0, code UNREACHABLE)."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(f"{code}: {message}" + (f" (field {field})" if field else ""))
        self.status = status
        self.code = code
        self.message = message
        self.field = field


class _Answer(NamedTuple):
    """What a node answered."""

    status_code: int
    content: bytes


def _api_url(url: str) -> str:
    try:
        parsed = httpx.URL(url)
        fits = parsed.scheme in ("http", "https") and bool(parsed.host)
    except httpx.InvalidURL:
        fits = False
    if not fits:
        raise OperatorError(f"expected the URL of a node's API, such as http://127.0.0.1:26700, got {url!r:.80}")
    return url.rstrip("/")


class Remote:
    """A node's API. Use it as an async context manager, under trio or asyncio."""

    def __init__(
        self,
        url: str,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.AsyncBaseTransport | None = None,
        most_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        """`transport` takes the place of sockets, e.g. to speak to an application in the same process; `most_bytes` bounds an answer.

        Raises OperatorError when `url` is no URL of an API.
        """
        self.url = _api_url(url)
        self._most_bytes = most_bytes
        self._http = httpx.AsyncClient(base_url=self.url + "/api/v1", timeout=timeout_s, transport=transport)

    async def __aenter__(self) -> Remote:
        """Open the connection pool."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self._http.__aexit__(kind, error, trace)

    async def get(self, path: str, **parameters: Any) -> Any:
        """The `data` of GET /api/v1/`path`. Raises RemoteProblem."""
        return await self._ask("GET", path, params={k: v for k, v in parameters.items() if v is not None})

    async def raw(self, path: str, **parameters: Any) -> bytes:
        """The bytes of a GET that is answered outside the envelope. Raises RemoteProblem."""
        response = await self._send("GET", path, params={k: v for k, v in parameters.items() if v is not None})
        if response.status_code >= 400:
            raise _problem(response, _envelope(response))
        return response.content

    async def status(self) -> dict[str, Any]:
        """What the node says of itself."""
        return dict(await self.get("status"))

    async def submit(self, raws: Sequence[bytes], wait_ms: int = 0) -> list[dict[str, Any]]:
        """Submit signed transactions; a row for each, in order: {id, status, error?}.

        Raises RemoteProblem only when the request as a whole failed.
        """
        response = await self._send(
            "POST",
            "transactions",
            content=pack(list(raws)),
            headers={"content-type": "application/msgpack"},
            params={"wait_ms": wait_ms} if wait_ms else None,
        )
        envelope = _envelope(response)
        if isinstance(envelope.get("data"), list):
            return list(envelope["data"])
        raise _problem(response, envelope)

    async def report_attack(self, attack: bytes) -> list[dict[str, Any]]:
        """Tell of an attack, a record `gridnode.light.attack.Attack`; a row for each accused: {validator, height, round, status, error?}.

        Raises RemoteProblem when nothing of it is taken.
        """
        return list(await self._ask("POST", "evidence", json={"attack": attack.hex()}))

    async def pages(self, path: str, limit: int = 1_000, **parameters: Any) -> AsyncIterator[Any]:
        """Every row of a paged list {rows, next}, page after page."""
        after = None
        while True:
            page = await self.get(path, limit=limit, after=after, **parameters)
            for row in page["rows"]:
                yield row
            after = page["next"]
            if after is None:
                return

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        response = await self._send(method, path, **options)
        envelope = _envelope(response)
        if response.status_code >= 400 or envelope.get("error"):
            raise _problem(response, envelope)
        return envelope.get("data")

    async def _send(self, method: str, path: str, **options: Any) -> _Answer:
        content = bytearray()
        try:
            # Asked for as it is: what unfolds to gigabytes is not even begun.
            headers = {"accept-encoding": "identity", **options.pop("headers", {})}
            async with self._http.stream(method, path, headers=headers, **options) as response:
                body = cast("AsyncGenerator[bytes, None]", response.aiter_bytes())
                async with aclosing(body) as parts:
                    async for part in parts:
                        content += part
                        if len(content) > self._most_bytes:
                            raise RemoteProblem(
                                response.status_code, "TOO_LARGE", f"{self.url}: expected at most {self._most_bytes} bytes"
                            )
                return _Answer(response.status_code, bytes(content))
        except httpx.HTTPError as error:
            raise RemoteProblem(0, "UNREACHABLE", f"{self.url}: {str(error) or type(error).__name__}") from None


def _envelope(response: _Answer) -> dict[str, Any]:
    try:
        value = json.loads(response.content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RemoteProblem(response.status_code, "NO_ENVELOPE", "expected an object {data, error, timestamp}")
    return value


def _problem(response: _Answer, envelope: dict[str, Any]) -> RemoteProblem:
    error = envelope.get("error") or {}
    return RemoteProblem(
        response.status_code, error.get("code", "UNKNOWN"), error.get("message", ""), error.get("field")
    )
