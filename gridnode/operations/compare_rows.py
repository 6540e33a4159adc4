"""Rows of two readers side by side: the first that differs, as its table's record, or as a row of the tree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from gridnode.execution.tables import key_to_json, table_name, value_to_json
from gridnode.operations.difference import MISSING, Difference, between
from gridnode.state.digests import END
from gridnode.state.kv import Reader
from gridnode.state.prefixes import NAMES

_ROOT_BYTES = 1  # name of a tree's root row: the module's number alone


def first_row(height: int, left: Reader, right: Reader, start: bytes = b"", stop: bytes = END) -> Difference | None:
    """The first row of the state that the two readers hold differently; None when they are alike."""
    for key, one, other in _differing(left, right, start, stop):
        return row_difference(height, key, one, other)
    return None


def first_tree_row(height: int, left: Reader, right: Reader, start: bytes = b"", stop: bytes = END) -> Difference | None:
    """The first row of the trees that the two readers hold differently; None when they are alike."""
    for name, one, other in _differing(left, right, start, stop):
        return tree_difference(height, name, one, other)
    return None


def row_difference(height: int, key: bytes, left: bytes | None, right: bytes | None, note: str = "") -> Difference:
    """The difference of one row of the state."""
    where = f"{table_name(key)} {json.dumps(key_to_json(key))}"
    one, other = _shown(key, left), _shown(key, right)
    found = between(height, "row", where, one, other, note)
    if found is not None:
        return found
    return Difference(height, "row", where, "bytes", _hex(left), _hex(right), one, other, note)


def tree_difference(height: int, name: bytes, left: bytes | None, right: bytes | None, note: str = "") -> Difference:
    """The difference of one row of the trees."""
    return Difference(height, "tree row", _tree_place(name), "", _hex(left), _hex(right), None, None, note)


def _tree_place(name: bytes) -> str:
    module = NAMES.get(name[0], "unknown") if name else "unknown"
    if len(name) <= _ROOT_BYTES:
        return f"{module}: root"
    return f"{module}: depth {name[1]}, path {name[2:].hex() or '-'}"


def _differing(
    left: Reader, right: Reader, start: bytes, stop: bytes
) -> Iterator[tuple[bytes, bytes | None, bytes | None]]:
    """Key and both values of each row that is not alike, in the order of keys."""
    rows, others = left.scan(start, stop), right.scan(start, stop)
    one, other = next(rows, None), next(others, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            assert one is not None, "one of them is there"
            yield one[0], one[1], None
            one = next(rows, None)
        elif one is None or other[0] < one[0]:
            yield other[0], None, other[1]
            other = next(others, None)
        else:
            if one[1] != other[1]:
                yield one[0], one[1], other[1]
            one, other = next(rows, None), next(others, None)


def first_of_lists(left: list[Any], right: list[Any]) -> int | None:
    """Index of the first entry in which two lists differ; None when they are equal."""
    for index, (one, other) in enumerate(zip_longest(left, right)):
        if one != other:
            return index
    return None


def _shown(key: bytes, value: bytes | None) -> Any:
    return MISSING if value is None else value_to_json(key, value)


def _hex(value: bytes | None) -> str:
    return MISSING if value is None else value.hex()
