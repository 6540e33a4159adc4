"""What each connection point wants in each MTU: its surplus offered, or its lack bid for, at a limit price from the seed.

A limit is drawn uniformly between the feed-in tariff and the retail tariff of the MTU, in whole 1e-6 THB/kWh, from a generator seeded
by the replay's seed and the point's name; so it depends on nothing else and is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from gridnode.replay.day import MTUS, Day


@dataclass(frozen=True, slots=True)
class Want:
    """One order of the day."""

    mtu: int
    """Quarter hour of the day, 0 to 95."""
    offers: bool
    """Offer of a surplus, or bid for a lack."""
    energy_wh: int
    """Wh, above zero."""
    limit_micro: int
    """Limit price in 1e-6 THB/kWh; for a bid with everything but the fee included."""


def net_wh(day: Day) -> dict[str, list[int]]:
    """Generated minus consumed Wh of each connection point in each MTU."""
    net = {point: [0] * MTUS for point in day.points}
    for meter in day.meters:
        row = net[meter.point]
        for mtu, energy in enumerate(meter.energy_wh):
            row[mtu] += energy if meter.generates else -energy
    return net


def wants(day: Day, seed: int, prices: Callable[[int], tuple[int, int]]) -> dict[str, list[Want]]:
    """Orders of each connection point in ascending MTU; none where its net is zero.

    prices    feed-in and retail tariff of an MTU of the day, 1e-6 THB/kWh.
    """
    result: dict[str, list[Want]] = {}
    for point, row in net_wh(day).items():
        draw = Random(f"{seed}/{point}")
        result[point] = []
        for mtu, net in enumerate(row):
            low, high = prices(mtu)
            limit = draw.randint(low, high)
            if net:
                result[point].append(Want(mtu, net > 0, abs(net), limit))
    return result
