"""`Difference`: one thing that two sides hold differently, down to the first field, with both as decoded records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MISSING: Final = "(nothing)"
"""Stands where one side has no such thing."""
_SHOWN = 200
"""Characters of a value in a line for people."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that differs."""

    height: int
    """Block that it was found at; the state of that block for a row."""
    part: str
    """What it is: genesis, header, transaction, receipt, commit, block, index, totals, row, tree row, execution."""
    where: str
    """Which one: `transactions[3] <id>`, `token.balances ["grid1...", "THB"]`."""
    field: str
    """Path of the first field that differs; empty when it is the whole."""
    left: Any
    """What the left side has there, as JSON."""
    right: Any
    """What the right side has there."""
    left_record: Any = None
    """The whole record of the left side, where there is one."""
    right_record: Any = None
    """The whole record of the right side."""
    note: str = ""
    """What else is known: which side is right, what to do next."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {name: getattr(self, name) for name in self.__slots__}


def between(height: int, part: str, where: str, left: Any, right: Any, note: str = "") -> Difference | None:
    """The first difference of two records in JSON form; None when they are equal."""
    found = first_difference(left, right)
    if found is None:
        return None
    field, one, other = found
    return Difference(height, part, where, field, one, other, left, right, note)


def first_difference(left: Any, right: Any, path: str = "") -> tuple[str, Any, Any] | None:
    """Path of the first leaf in which two JSON values differ, in the order of the left one's fields, and both leaves."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for name in dict.fromkeys((*left, *right)):
            at = f"{path}.{name}" if path else str(name)
            found = first_difference(left.get(name, MISSING), right.get(name, MISSING), at)
            if found is not None:
                return found
        return None
    if _is_list(left) and _is_list(right):
        for index in range(max(len(left), len(right))):
            one = left[index] if index < len(left) else MISSING
            other = right[index] if index < len(right) else MISSING
            found = first_difference(one, other, f"{path}[{index}]")
            if found is not None:
                return found
        return None
    return None if left == right and type(left) is type(right) else (path, left, right)


def lines(difference: Difference, left_name: str, right_name: str) -> list[str]:
    """The difference for people."""
    place = f"{difference.where} {difference.field}".strip()
    said = [f"first difference: block {difference.height}, {difference.part}: {place}"]
    said.append(f"  {left_name}: {_short(difference.left)}")
    said.append(f"  {right_name}: {_short(difference.right)}")
    if difference.left_record is not None or difference.right_record is not None:
        said.append(f"  {left_name}, whole: {_short(difference.left_record)}")
        said.append(f"  {right_name}, whole: {_short(difference.right_record)}")
    if difference.note:
        said.append(f"  {difference.note}")
    return said


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
