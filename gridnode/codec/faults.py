"""Where in a record a value is wrong, and how it is shown: short, whatever it is.

A fault starts at a field's kind, which knows what it expects, and gathers its path on the way out:
`TransactionBody.messages[2].kind: expected a string of 1 to 64 printable ASCII characters without spaces, got ''`.
"""

from __future__ import annotations

from typing import Any

from gridnode.primitives.errors import Malformed

_SHOWN = 40  # characters or bytes of a value that a message shows
_SHOWN_BITS = 256  # larger integers are told by their size; the interpreter refuses to print the largest


class BadField(Malformed):
    """A value is not what its field expects.

    path    names of fields and indices that lead to it, e.g. `messages[2].kind`.
    reason  what was expected and what was there.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def within(step: str, fault: Malformed) -> BadField:
    """The same fault seen from one level further out; `step` (a field's name or `[index]`) leads to it."""
    if not isinstance(fault, BadField):
        return BadField(step, str(fault))
    dot = "" if fault.path.startswith("[") else "."
    return BadField(f"{step}{dot}{fault.path}", fault.reason)


def shown(value: Any) -> str:
    """A few characters that show `value`, at a cost that does not grow with it."""
    if isinstance(value, (str, bytes)):
        return repr(value) if len(value) <= _SHOWN else f"{value[:_SHOWN]!r}... ({len(value)} long)"
    if isinstance(value, int):
        bits = value.bit_length()
        return repr(value) if bits <= _SHOWN_BITS else f"an integer of {bits} bits"
    if type(value) in (list, tuple):
        return f"a list of {len(value)} entries"
    return "nil" if value is None else type(value).__name__
