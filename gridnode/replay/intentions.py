"""What each connection point wants in each MTU: its forecast surplus offered, or its lack bid for, at a limit price from the seed.

A limit is drawn uniformly between the feed-in tariff and the retail tariff of the MTU, in whole 1e-6 THB/kWh. A forecast is what the meters
will measure, each direction off by up to the forecast error, drawn uniformly too. One point in CLOSING_SHARE trades in the closing call
auction alone. Every draw comes from a generator seeded by the replay's seed, the point's name and what is drawn; so it depends on nothing
else and is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from gridnode.replay.day import MTUS, Day

CLOSING_SHARE = 5
"""One point in so many waits for the call auction."""
PPM_OF_PERCENT = 10_000
MILLION = 1_000_000


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
    closing: bool = False
    """In the call auction only."""


def net_wh(day: Day) -> dict[str, list[int]]:
    """Generated minus consumed Wh of each connection point in each MTU."""
    return {
        point: [made - used for made, used in zip(*rows, strict=True)]
        for point, rows in _measured_wh(day).items()
    }


def forecast_wh(day: Day, seed: int, error_percent: int) -> dict[str, list[int]]:
    """What each point expects of `net_wh`: generation and consumption each off by at most `error_percent`, rounded down."""
    most = error_percent * PPM_OF_PERCENT
    forecast = {}
    for point, (made, used) in _measured_wh(day).items():
        draw = Random(f"{seed}/{point}/forecast")
        forecast[point] = [
            _off(draw, generated, most) - _off(draw, consumed, most)
            for generated, consumed in zip(made, used, strict=True)
        ]
    return forecast


def wants(
    day: Day, seed: int, prices: Callable[[int], tuple[int, int]], error_percent: int = 0
) -> dict[str, list[Want]]:
    """Orders of each connection point in ascending MTU; none where it expects a net of zero.

    prices          lowest and highest limit of an MTU of the day, 1e-6 THB/kWh: feed-in and retail tariff.
    error_percent   how far a forecast may be off, either way.
    """
    result: dict[str, list[Want]] = {}
    for point, row in forecast_wh(day, seed, error_percent).items():
        draw = Random(f"{seed}/{point}")
        closing = Random(f"{seed}/{point}/closing").randrange(CLOSING_SHARE) == 0
        result[point] = []
        for mtu, net in enumerate(row):
            low, high = prices(mtu)
            limit = draw.randint(low, high)
            if net:
                result[point].append(Want(mtu, net > 0, abs(net), limit, closing))
    return result


def _off(draw: Random, energy_wh: int, most_ppm: int) -> int:
    """`energy_wh` times 1 plus a share drawn between -most and most."""
    return energy_wh * (MILLION + draw.randint(-most_ppm, most_ppm)) // MILLION


def _measured_wh(day: Day) -> dict[str, tuple[list[int], list[int]]]:
    """Generated and consumed Wh of each connection point in each MTU."""
    measured: dict[str, tuple[list[int], list[int]]] = {
        point: ([0] * MTUS, [0] * MTUS) for point in day.points
    }
    for meter in day.meters:
        row = measured[meter.point][0 if meter.generates else 1]
        for mtu, energy in enumerate(meter.energy_wh):
            row[mtu] += energy
    return measured
