"""The price of each zone, once it is decided what is accepted and what flows: the middle of all that it can be.

Prices support a clearing when filled orders are inside their limit and unfilled ones outside, a line with room left is not worth
filling further, and one that is used is worth its wheeling. Each of these bounds one price or the difference of two. The
middles of such intervals, all rounded the same way, keep all of these bounds (discrete midpoint convexity: Murota, Discrete Convex
Analysis, section 7.1), so zones that lines couple get one price, and the difference over a line stays right.
"""

from collections.abc import Hashable, Mapping, Sequence

from gridnode.modules.market.clearing import BID, LineRow, OrderRow, zones_of

Flows = Mapping[tuple[str, str], int]
"""Wh by the two ends of a line."""


def middle_prices(
    orders: Sequence[OrderRow], lines: Sequence[LineRow], accepted: Mapping[Hashable, int], flows: Flows
) -> dict[str, int]:
    """Return the middle between the lowest and the highest price that each zone can have, rounded down."""
    low, high = _span(orders, lines)
    for name, zone, side, energy_wh, price in orders:
        wh = accepted.get(name, 0)
        at_most, at_least = (wh > 0, wh < energy_wh) if side == BID else (wh < energy_wh, wh > 0)
        if at_most:
            high[zone] = min(high[zone], price)
        if at_least:
            low[zone] = max(low[zone], price)
    for _ in low:  # no bound needs a way of more lines than there are zones
        for line in lines:
            _tighten(line, flows[line[0], line[1]], low, high)
    return {zone: (low[zone] + high[zone]) // 2 for zone in low}


def _span(orders: Sequence[OrderRow], lines: Sequence[LineRow]) -> tuple[dict[str, int], dict[str, int]]:
    """Return for each zone the lowest and highest limit of all orders in zones that lines connect to it; 0 without any."""
    zones = zones_of(orders, lines)
    net = {zone: number for number, zone in enumerate(zones)}
    for source, target, atc_wh, _ in lines:
        if atc_wh > 0:
            old, new = net[source], net[target]
            net = {zone: new if number == old else number for zone, number in net.items()}
    limits: dict[int, list[int]] = {number: [] for number in net.values()}
    for _, zone, _, _, price in orders:
        limits[net[zone]].append(price)
    low = {zone: min(limits[net[zone]], default=0) for zone in zones}
    high = {zone: max(limits[net[zone]], default=0) for zone in zones}
    return low, high


def _tighten(line: LineRow, flow_wh: int, low: dict[str, int], high: dict[str, int]) -> None:
    """Bound the prices at the two ends of a line by each other."""
    source, target, atc_wh, wheeling = line
    if flow_wh < atc_wh:  # room is left: the target is at most the wheeling dearer
        high[target] = min(high[target], high[source] + wheeling)
        low[source] = max(low[source], low[target] - wheeling)
    if flow_wh > 0:  # energy flows: the target is at least the wheeling dearer
        high[source] = min(high[source], high[target] - wheeling)
        low[target] = max(low[target], low[source] + wheeling)
