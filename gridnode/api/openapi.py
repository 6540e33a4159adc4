"""GET /openapi.json: the interface described for machines (OpenAPI 3.1), made from the table of routes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from inspect import getdoc
from typing import Any, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gridnode.api.market import PHASES, SIDES, TERMS
from gridnode.api.prices import UNITS
from gridnode.api.reading import Handler
from gridnode.node.version import node_version

_INTEGER = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "limit": {"type": "integer", "minimum": 1},
    "mtu": _INTEGER,
    "height": _INTEGER,
    "number": _INTEGER,
    "count": {"type": "integer", "minimum": 1},
    "wait_ms": _INTEGER,
    "events": {"type": "boolean"},
    "retired": {"type": "boolean"},
    "order": {"type": "string", "enum": ["earliest", "latest"]},
    "part": {"type": "array", "items": _TEXT},
    "from": _INTEGER,
    "to": _INTEGER,
    "interval": {"type": "string", "enum": list(UNITS), "default": "mtu"},
    "unit": {"type": "string", "enum": list(UNITS), "default": "mtu"},
    "terms": {"type": "string", "enum": list(TERMS)},
    "side": {"type": "string", "enum": list(SIDES)},
    "phase": {"type": "string", "enum": list(PHASES)},
}
_ENVELOPE = {
    "type": "object",
    "required": ["data", "error", "timestamp"],
    "properties": {
        "data": {},
        "error": {
            "type": ["object", "null"],
            "properties": {"code": _TEXT, "message": _TEXT, "field": {"type": ["string", "null"]}},
        },
        "timestamp": _INTEGER,
    },
}


class Described(Protocol):
    """A route as the description needs it."""

    @property
    def path(self) -> str:
        """Behind the prefix, with names of path parameters in braces."""
        ...

    @property
    def handler(self) -> Handler:
        """Whose docstring says what is answered."""
        ...

    @property
    def query(self) -> tuple[str, ...]:
        """Query parameters."""
        ...


def describe(prefix: str, questions: Sequence[Described]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that answers with the description; not in the envelope, for it has a form of its own."""
    encoded = msgspec.json.encode(_document(prefix, questions))

    async def openapi(_: Request) -> Response:
        return Response(encoded, media_type="application/json")

    return openapi


def _document(prefix: str, questions: Sequence[Described]) -> dict[str, Any]:
    paths: dict[str, Any] = {prefix + get.path: {"get": _operation(get.path, get.handler, get.query)} for get in questions}
    paths[f"{prefix}/transactions/{{id}}"] = {
        "get": _described("/transactions/{id}", "One transaction, committed or pending", ("wait_ms",))
    }
    body: dict[str, Any] = {"schema": {}}
    paths[f"{prefix}/transactions"] = {
        "post": _described("/transactions", "Submit one signed transaction or a batch", ("wait_ms",))
        | {"requestBody": {"required": True, "content": {"application/json": body, "application/msgpack": body}}}
    }
    paths[f"{prefix}/evidence"] = {
        "post": _described("/evidence", "Report evidence: an attack that a light client has found, or contradictions of validators", ())
        | {"requestBody": {"required": True, "content": {"application/json": body}}}
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "gridnode", "version": node_version()},
        "paths": paths,
        "components": {"schemas": {"Envelope": _ENVELOPE}},
    }


def _operation(path: str, handler: Handler, query: tuple[str, ...]) -> dict[str, Any]:
    summary, _, rest = (getdoc(handler) or "").partition("\n")
    return _described(path, summary, query) | ({"description": rest.strip()} if rest.strip() else {})


def _described(path: str, summary: str, query: tuple[str, ...]) -> dict[str, Any]:
    named = [(name, "path") for name in re.findall(r"{(\w+)}", path)] + [(name, "query") for name in query]
    if path.endswith("/raw"):
        answer: dict[str, Any] = {"application/msgpack": {"schema": {"type": "string", "format": "binary"}}}
    else:
        answer = {"application/json": {"schema": {"$ref": "#/components/schemas/Envelope"}}}
    return {
        "summary": summary,
        "parameters": [
            {"name": name, "in": place, "required": place == "path", "schema": _SCHEMAS.get(name, _TEXT)}
            for name, place in named
        ],
        "responses": {"default": {"description": "data, or an error that names the field", "content": answer}},
    }
