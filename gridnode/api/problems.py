"""Errors as clients see them: which HTTP status, which code, which field, what was expected."""

from __future__ import annotations

from enum import IntEnum

from gridnode.chain.receipt import ChainCode
from gridnode.modules.validators.codes import ValidatorsCode
from gridnode.primitives.errors import Rejected


class Problem(Exception):
    """An answer that is an error.

    status   HTTP status.
    code     short upper-case name that programs compare.
    message  what was expected, for people.
    field    name of the parameter or field at fault; empty when it is the whole request.
    """

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field

    def as_json(self) -> dict[str, object]:
        """The `error` member of the envelope."""
        return {"code": self.code, "message": self.message, "field": self.field or None}


_STATUS: dict[IntEnum, int] = {
    ValidatorsCode.ALREADY_CONVICTED: 409,
    ValidatorsCode.FORGED: 401,
    ChainCode.DUPLICATE: 409,
    ChainCode.SENDER_LIMIT: 429,
    ChainCode.POOL_FULL: 503,
    ChainCode.FEE_UNPAID: 402,
    ChainCode.BAD_SIGNATURE: 401,
}


def problem_of(rejected: Rejected) -> Problem:
    """A refused transaction or piece of evidence as an answer; 400 unless HTTP has a better word for it."""
    code = rejected.code
    status = next((status for known, status in _STATUS.items() if known is code), 400)  # codes of two enums may be one number
    return Problem(status, code.name, rejected.detail or code.name.lower(), rejected.field)


def bad_parameter(field: str, expected: str, got: object) -> Problem:
    """A parameter that is not of its form."""
    return Problem(400, "BAD_PARAMETER", f"expected {expected}, got {str(got)[:80]!r}", field)


def gone(height: int, first: int, latest: int) -> Problem:
    """A block that this node does not keep whole: it prunes, or began from a snapshot."""
    return Problem(410, "GONE", f"block {height} is not kept here; blocks {first} to {latest} are, an archive node has all", "height")


def not_found(what: str, name: object) -> Problem:
    """Nothing has this name."""
    return Problem(404, "NOT_FOUND", f"no {what} {name}")
