"""Small days for tests of the replay."""

from __future__ import annotations

from gridnode.replay.day import MTUS, Day, DayMeter

NOON = 48


def meter(name: str, point: str, kind: str = "household", wh: int = 100, zone: str = "EAST") -> DayMeter:
    """A meter that measures the same in every quarter hour."""
    return DayMeter(name, zone, kind, point, (wh,) * MTUS)


def small() -> Day:
    """A producer, a consumer, and one point that is both and needs as much as it makes."""
    return Day(
        (
            meter("PV-1", "P-1", "pv", 300),
            meter("HOME-1", "P-1", wh=100),
            meter("HOME-2", "P-2", "heatpump", 250, "NORTH"),
            meter("PV-3", "P-3", "pv_battery", 40, "NORTH"),
            meter("HOME-3", "P-3", "ev", 40, "NORTH"),
        )
    )
