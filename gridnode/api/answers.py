"""The envelope {data, error, timestamp} around every answer."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from gridnode.api.problems import Problem
from gridnode.node.clock import now_ms

_ENCODER = msgspec.json.Encoder()


def answer(data: Any, status: int = 200) -> Response:
    """An answer with data; `timestamp` is the node's wall clock in unix ms."""
    return _enveloped({"data": data, "error": None, "timestamp": now_ms()}, status)


def error_answer(problem: Problem) -> Response:
    """An answer with an error."""
    return _enveloped({"data": None, "error": problem.as_json(), "timestamp": now_ms()}, problem.status)


def _enveloped(envelope: dict[str, Any], status: int) -> Response:
    return Response(_ENCODER.encode(envelope), status, media_type="application/json")
