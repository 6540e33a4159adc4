"""Questions about prices in time: candles by time of trading, history by time of delivery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gridnode.api.market_shapes import candle
from gridnode.api.problems import bad_parameter
from gridnode.api.reading import Ask
from gridnode.modules.grid.clock import clock
from gridnode.modules.market import quotes
from gridnode.modules.market.quotes import MTUS_PER_HOUR, Candle
from gridnode.primitives.limits import MAX_ASKED_MTU, MAX_RANGE_MTUS

UNITS: Final[Mapping[str, int]] = {"mtu": 1, "hour": MTUS_PER_HOUR}
"""Lengths of an interval, in MTUs."""


def candles(ask: Ask) -> dict[str, Any]:
    """Prices by the time of trading, whatever is delivered when: intervals that begin `from` <= start < `to`, unix ms.

    Intervals of an MTU's length or an `interval` of an hour; those without trades are left out. `after` is the start of the last one.
    """
    mtus = _unit(ask, "interval")
    low_ms, high_ms = _range(ask, clock(ask.reader).start_ms(MAX_RANGE_MTUS))
    limit, behind_ms = ask.parameters.limit(), _behind(low_ms, ask.parameters.integer("after", high=MAX_ASKED_MTU))
    found = quotes.candles(ask.reader, limit, mtus, behind_ms)
    rows = [row for row in found if high_ms is None or row.start_ms < high_ms]
    is_more = len(rows) == limit
    return {"rows": [_interval(ask, row, mtus) for row in rows], "next": rows[-1].start_ms if is_more else None}


def history(ask: Ask) -> dict[str, Any]:
    """Prices by the time of delivery, whenever it was traded: MTUs, or with `unit` hours, that begin `from` <= MTU < `to`.

    What was not traded for is left out. `after` is the MTU of the last row.
    """
    of_chain, mtus = clock(ask.reader), _unit(ask, "unit")
    low, high = _range(ask, MAX_RANGE_MTUS)
    limit, after = ask.parameters.limit(), ask.parameters.integer("after", high=MAX_ASKED_MTU)
    ends_ms = [None if mtu is None else of_chain.start_ms(mtu) for mtu in (low, after)]
    found = quotes.delivery_candles(ask.reader, limit, mtus, _behind(*ends_ms))
    shown = [(of_chain.mtu_at(row.start_ms), row) for row in found]
    rows = [(mtu, row) for mtu, row in shown if high is None or mtu < high]
    is_more = len(rows) == limit
    return {
        "rows": [{"mtu": mtu, **_interval(ask, row, mtus)} for mtu, row in rows],
        "next": rows[-1][0] if is_more else None,
    }


def _unit(ask: Ask, name: str) -> int:
    """How many MTUs an interval has; one unless told."""
    return UNITS[ask.parameters.choice(name, UNITS) or "mtu"]


def _range(ask: Ask, longest: int) -> tuple[int | None, int | None]:
    """The parameters `from` and `to`, each None when absent; together a range that is not empty and not longer than `longest`."""
    low, high = (ask.parameters.integer(name, high=MAX_ASKED_MTU) for name in ("from", "to"))
    if low is not None and high is not None and not 0 < high - low <= longest:
        raise bad_parameter("to", f"more than `from`, by {longest} at most: {low + 1} to {low + longest}", high)
    return low, high


def _behind(low_ms: int | None, after_ms: int | None) -> int | None:
    """The time behind which the page's intervals begin: the last one of the page before, or the end of what is before the range."""
    before_ms = low_ms - 1 if low_ms else None
    if after_ms is None or before_ms is None:
        return before_ms if after_ms is None else after_ms
    return max(after_ms, before_ms)


def _interval(ask: Ask, found: Candle, mtus: int) -> dict[str, Any]:
    end_ms = found.start_ms + clock(ask.reader).start_ms(mtus)
    return {"start_ms": found.start_ms, "end_ms": end_ms, **candle(found.statistics)}
