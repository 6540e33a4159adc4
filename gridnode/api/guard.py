"""The last line: whatever goes wrong becomes an answer in the envelope; our own faults are logged and told to nobody."""

from __future__ import annotations

from traceback import format_exception
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridnode.api.answers import error_answer
from gridnode.api.problems import Problem
from gridnode.node.log import Log

log = Log("api")
_HTTP_CODES: Final = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
_INTERNAL = Problem(500, "INTERNAL", "the node could not answer; its log says why")


async def on_problem(_: Request, problem: Exception) -> Response:
    """A `Problem` that a handler raised, as an answer."""
    assert isinstance(problem, Problem)
    return error_answer(problem)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What the router refuses: no such path, or not with this method (`Allow` says with which)."""
    assert isinstance(error, HTTPException)
    where = f"{request.method} {request.url.path}"
    said = f"expected a path of /api/v1, got {where}" if error.status_code == 404 else f"{error.detail}: {where}"
    code = _HTTP_CODES.get(error.status_code, f"HTTP_{error.status_code}")
    response = error_answer(Problem(error.status_code, code, said[:300]))
    response.headers.update(error.headers or {})
    return response


async def on_fault(_: Request, __: Exception) -> Response:
    """Anything else: told as such and nothing more; `Guard` logs it."""
    return error_answer(_INTERNAL)


class Guard:
    """Outermost layer of the application: an exception that nobody expected is logged with its traceback and answered with 500.

    A client that goes away in the middle of its own request is nobody's fault.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the life of the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            log.debug("client went away", path=scope.get("path"))
        except Exception as error:  # noqa: BLE001 (the boundary: a fault in one answer must not end the node)
            trace = "".join(format_exception(error))
            log.error("request failed", method=scope.get("method"), path=scope.get("path"), trace=trace)
            if not started:
                await error_answer(_INTERNAL)(scope, receive, send)
