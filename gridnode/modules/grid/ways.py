"""The one way between two zones: fewest lines, then lowest line numbers in order of travel. Charges have no say: ways never change."""

from __future__ import annotations

from collections.abc import Sequence

from gridnode.modules.grid.tables import Hop, Line, Way
from gridnode.primitives.limits import MAX_PATH_LINES

Walk = tuple[int, ...]
"""Line numbers in order of travel."""


def ways_from(start: str, lines: Sequence[Line]) -> dict[str, Way]:
    """The way from node `start` to each node that at most MAX_PATH_LINES lines reach; to itself it has no hops.

    The first walks of exactly n lines follow from those of n - 1, because walks of equal length compare like their beginnings. A node
    that a shorter walk reaches keeps that.
    """
    best: dict[str, Walk] = {start: ()}
    walks = best
    for _ in range(MAX_PATH_LINES):
        walks = {node: walk for node, walk in _one_line_further(walks, lines).items() if node not in best}
        best = best | walks
    return {node: _way(start, walk, lines) for node, walk in best.items()}


def _one_line_further(walks: dict[str, Walk], lines: Sequence[Line]) -> dict[str, Walk]:
    further: dict[str, Walk] = {}
    for number, line in enumerate(lines):
        for here, there in ((line.start, line.end), (line.end, line.start)):
            if here not in walks:
                continue
            walk = (*walks[here], number)
            if there not in further or walk < further[there]:
                further[there] = walk
    return further


def _way(start: str, numbers: Walk, lines: Sequence[Line]) -> Way:
    hops, node = [], start
    for number in numbers:
        line = lines[number]
        forward = line.start == node
        hops.append(Hop(number, 1 if forward else -1))
        node = line.end if forward else line.start
    return Way(tuple(hops))
