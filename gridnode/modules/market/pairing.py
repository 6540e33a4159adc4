"""Who delivers to whom after a call auction: its flows as paths from zone to zone. Pure.

An auction says what each zone sells and buys and what each line carries, not which of the energy went where. The rule:

1. What is sold and bought in the same zone stays there: a path without lines, zones in order of number.
2. Then, as long as a zone has sales left, the one with the lowest number: its energy follows the lowest line number that has flow left,
   from node to node, up to the first zone that has purchases left. The path carries the least of what is left of the sales, of the
   purchases, and of each line on it.

A path uses up a zone's sales, a zone's purchases or a line, so there are at most as many as zones and lines together, besides those of
rule 1. All flow is used, because what a node sends and uses is what it gets, and flows of a clearing never run in circles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gridnode.primitives.errors import InvariantBroken


class Arc(NamedTuple):
    """What a line carries in one direction."""

    line: int
    """Number of the line."""
    direction: int
    """1 forward, -1 backward."""
    source: str
    """Node in which it starts."""
    target: str
    """Node in which it ends."""
    energy_wh: int
    """Above 0."""


class FlowPath(NamedTuple):
    """Energy that goes from a zone to a zone on one way."""

    hops: tuple[tuple[int, int], ...]
    """(line number, direction) in order of travel; none within a zone."""
    seller_zone: str
    """Where it is sold."""
    buyer_zone: str
    """Where it is bought."""
    energy_wh: int
    """Above 0."""


def flow_paths(sold_wh: Mapping[str, int], bought_wh: Mapping[str, int], arcs: Sequence[Arc]) -> list[FlowPath]:
    """The paths of a clearing: sales and purchases by zone, both in order of zone numbers, and the lines that carry something.

    Raises InvariantBroken when energy in is not energy out somewhere, or runs in circles.
    """
    to_sell, to_buy = dict(sold_wh), dict(bought_wh)
    paths = []
    for zone in to_sell:
        inside = min(to_sell[zone], to_buy.get(zone, 0))
        if inside:
            to_sell[zone] -= inside
            to_buy[zone] -= inside
            paths.append(FlowPath((), zone, zone, inside))
    net = _Net(arcs)
    for zone in to_sell:
        while to_sell[zone]:
            way = net.way(zone, to_buy)
            end = way[-1].target
            energy_wh = min(to_sell[zone], to_buy[end], *(net.left_wh[arc.line] for arc in way))
            to_sell[zone] -= energy_wh
            to_buy[end] -= energy_wh
            net.use(way, energy_wh)
            paths.append(FlowPath(tuple((arc.line, arc.direction) for arc in way), zone, end, energy_wh))
    if any(to_buy.values()) or any(net.left_wh.values()):
        raise InvariantBroken("market-pairing", f"flows do not carry what is sold to where it is bought: {arcs}")
    return paths


class _Net:
    """Flows that are not on a path yet."""

    def __init__(self, arcs: Sequence[Arc]) -> None:
        self.left_wh = {arc.line: arc.energy_wh for arc in arcs}
        self._leaving: dict[str, list[Arc]] = {}
        for arc in sorted(arcs):
            self._leaving.setdefault(arc.source, []).append(arc)
        if len(self.left_wh) != len(arcs):
            raise InvariantBroken("market-pairing", f"a line carries energy in both directions: {arcs}")

    def way(self, zone: str, to_buy: Mapping[str, int]) -> list[Arc]:
        """Lines with flow left, lowest number first at every node, from a zone to the first one that has purchases left."""
        way: list[Arc] = []
        node = zone
        while not to_buy.get(node, 0):
            arc = next((arc for arc in self._leaving.get(node, ()) if self.left_wh[arc.line]), None)
            if arc is None or len(way) == len(self.left_wh):
                raise InvariantBroken("market-pairing", f"what is sold in {zone} does not get to where it is bought")
            way.append(arc)
            node = arc.target
        return way

    def use(self, way: Sequence[Arc], energy_wh: int) -> None:
        """Take energy off the lines of a way."""
        for arc in way:
            self.left_wh[arc.line] -= energy_wh
