"""The first row that two nodes hold differently in one and the same state, without reading all of either.

Digests of runs of some 256 rows are compared page by page; of the first run that differs the rows are read. While nodes run their states
move, so each comparison is of two answers about the same height; those that are not are asked for again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import trio

from gridnode.operations.compare_rows import row_difference, tree_difference
from gridnode.operations.difference import Difference
from gridnode.operations.side import At, RowPage, Rows, Side, T
from gridnode.state.digests import Runs
from gridnode.state.prefixes import NAMES

TRIES: Final = 100
"""How often two nodes are asked until they answer about the same height."""
PAUSE_S: Final = 0.05
"""Between two tries; a block takes longer."""


class Apart(Exception):
    """The two sides never stood at the same block when they were asked; the text says where they stand."""


class Pair(NamedTuple):
    """The two sides."""

    left: Side  # one
    right: Side  # the other
    same_block: bool  # whether answers must be about one block, and not only about one height


async def first_row(pair: Pair, kind: Rows, modules: list[str]) -> Difference | None:
    """The first row of this kind that differs; with `modules`, of the first of those that are named. Raises Apart."""
    numbers = sorted(number for number, name in NAMES.items() if name in modules)
    after = bytes([numbers[0]]) if numbers and kind is Rows.STATE else b""
    for _ in range(TRIES):
        found = await _first_run(pair, kind, after)
        if found is None:
            return None
        after, until = found
        difference = await _in_run(pair, kind, after, until)
        if difference is not None:
            return difference
    raise Apart("rows that differed were alike when they were read: the states move; stop both nodes and compare again")


async def _first_run(pair: Pair, kind: Rows, after: bytes) -> tuple[bytes, bytes] | None:
    """Keys between which the first rows lie that differ: behind the first, up to the second. None when all are alike."""
    while True:
        left, right = await _together(pair, _asking_runs(kind, after))
        before, until = _differing(after, left.found, right.found)
        if until is not None:
            return before, until
        if left.found.finished and right.found.finished:
            return None
        after = before


def _asking_runs(kind: Rows, after: bytes) -> Callable[[Side], Awaitable[At[Runs]]]:
    return lambda side: side.runs(kind, after)


def _differing(after: bytes, left: Runs, right: Runs) -> tuple[bytes, bytes | None]:
    """Last key of the runs of a page that are alike, and that of the first run that is not, or None."""
    for one, other in zip(left.runs, right.runs, strict=False):
        if one != other:
            return after, max(one.last, other.last)
        after = one.last
    if len(left.runs) != len(right.runs):
        longer = max(left.runs, right.runs, key=len)
        return after, longer[min(len(left.runs), len(right.runs))].last
    return after, None


async def _in_run(pair: Pair, kind: Rows, after: bytes, until: bytes) -> Difference | None:
    left, right = await _together(pair, lambda side: side.rows(kind, after, until))
    found = _first_of(left.found, right.found)
    if found is None:
        return None
    key, one, other = found
    if kind is Rows.TREES:
        return tree_difference(left.height, key, one, other)
    note = await _verdict(pair, key) if left.height else ""  # the state of genesis has no header
    return row_difference(left.height, key, one, other, note)


def _first_of(left: RowPage, right: RowPage) -> tuple[bytes, bytes | None, bytes | None] | None:
    """The first row that differs among those that both pages reach."""
    mine, theirs = dict(left.rows), dict(right.rows)
    ends = [page.rows[-1][0] for page in (left, right) if not page.finished]
    for key in sorted({*mine, *theirs}):
        if ends and key > min(ends):
            return None
        if mine.get(key) != theirs.get(key):
            return key, mine.get(key), theirs.get(key)
    return None


async def _verdict(pair: Pair, key: bytes) -> str:
    """Which side's row its own header proves."""
    left, right = await pair.left.proven(key), await pair.right.proven(key)
    if left.value == right.value or not pair.same_block:
        return ""
    if left.holds != right.holds:
        right_name, wrong = (pair.left.name, pair.right.name) if left.holds else (pair.right.name, pair.left.name)
        return f"the header proves the row of {right_name}; the database of {wrong} is damaged: reset that node and let it sync again"
    return "" if left.holds else "the header proves neither row: both databases are damaged"


async def _together(pair: Pair, ask: Callable[[Side], Awaitable[At[T]]]) -> tuple[At[T], At[T]]:
    """Answers of both sides about the same height. Raises Apart."""
    answers: dict[str, At[T]] = {}

    async def keep(name: str, side: Side) -> None:
        answers[name] = await ask(side)

    for _ in range(TRIES):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep, "left", pair.left)
            nursery.start_soon(keep, "right", pair.right)
        left, right = answers["left"], answers["right"]
        if left.height == right.height and (left.block_hash == right.block_hash or not pair.same_block):
            return left, right
        await trio.sleep(PAUSE_S)
    raise Apart(f"{pair.left.name} stands at block {left.height}, {pair.right.name} at {right.height}")
