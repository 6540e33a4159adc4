"""The one way between two zones: least wheeling, then fewest lines, then lowest line numbers in order of travel."""

from __future__ import annotations

from collections.abc import Sequence

from gridnode.modules.grid.tables import Hop, Line, Way
from gridnode.primitives.limits import MAX_PATH_LINES

Label = tuple[int, tuple[int, ...]]
"""Wheeling of a walk, micro per kWh, and its line numbers in order of travel."""


def ways_from(start: str, lines: Sequence[Line]) -> dict[str, Way]:
    """The way from node `start` to each node that at most MAX_PATH_LINES lines reach; to itself it has no hops.

    The best walks of exactly n lines follow from those of n - 1, because walks of equal length compare like their beginnings. A walk
    that passes a node twice is never the best: without the loop it has no more wheeling and fewer lines.
    """
    best: dict[str, tuple[int, int, tuple[int, ...]]] = {start: (0, 0, ())}
    walks: dict[str, Label] = {start: (0, ())}
    for length in range(1, MAX_PATH_LINES + 1):
        walks = _one_line_further(walks, lines)
        for node, (wheeling, numbers) in walks.items():
            label = (wheeling, length, numbers)
            if node not in best or label < best[node]:
                best[node] = label
    return {node: _way(start, numbers, lines) for node, (_, _, numbers) in best.items()}


def _one_line_further(walks: dict[str, Label], lines: Sequence[Line]) -> dict[str, Label]:
    further: dict[str, Label] = {}
    for number, line in enumerate(lines):
        for here, there in ((line.start, line.end), (line.end, line.start)):
            if here not in walks:
                continue
            wheeling, numbers = walks[here]
            label = (wheeling + line.wheeling_micro_per_kwh, (*numbers, number))
            if there not in further or label < further[there]:
                further[there] = label
    return further


def _way(start: str, numbers: tuple[int, ...], lines: Sequence[Line]) -> Way:
    hops, node = [], start
    for number in numbers:
        line = lines[number]
        forward = line.start == node
        hops.append(Hop(number, 1 if forward else -1))
        node = line.end if forward else line.start
    return Way(tuple(hops))
