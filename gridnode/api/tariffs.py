"""Questions about tariffs: what holds in an MTU, all dated tables, holidays."""

from __future__ import annotations

from typing import Any

from gridnode.api.pages import page
from gridnode.api.reading import Ask
from gridnode.api.shapes import price
from gridnode.codec.records import to_json
from gridnode.modules.grid import queries
from gridnode.modules.grid.clock import in_force, tariff_at
from gridnode.modules.grid.network import distribution_micro_per_kwh, line_wheeling_micro_per_kwh
from gridnode.primitives.limits import MAX_ASKED_MTU


def tariff(ask: Ask) -> dict[str, Any]:
    """The tariff of an MTU, the present one unless `mtu` says another: day and band, parts of its prices, charges of zones and lines."""
    params = queries.params(ask.reader)
    clock = params.clock
    mtu = ask.parameters.integer("mtu", high=MAX_ASKED_MTU)
    mtu = clock.mtu_at(ask.time_ms) if mtu is None else mtu
    return {
        "clock": to_json(clock),
        "notice_mtus": params.notice_mtus,
        "mtu": mtu,
        "start_ms": clock.start_ms(mtu),
        "end_ms": clock.start_ms(mtu + 1),
        "day": clock.day(mtu),
        "weekday": clock.weekday(mtu),
        "holiday": queries.holiday(ask.reader, clock.day(mtu)),
        "quarter_of_day": clock.quarter_of_day(mtu),
        **_prices(ask, mtu),
        **_charges(ask, mtu),
    }


def tariffs(ask: Ask) -> dict[str, Any]:
    """Dated tariffs, the latest first; each holds from its MTU until the one before it in the list. `after` is an MTU."""
    limit = ask.parameters.limit()
    clock = queries.params(ask.reader).clock
    found = queries.tariffs(ask.reader, limit, ask.parameters.integer("after"))

    def row(from_mtu: int, value: Any) -> dict[str, Any]:
        return {"from_mtu": from_mtu, "from_ms": clock.start_ms(from_mtu), **to_json(value)}

    return page(found, limit, lambda one: one[0], lambda one: row(*one))


def holidays(ask: Ask) -> dict[str, Any]:
    """Holidays by day, with the MTU and time at which each begins; `after` is a day."""
    limit = ask.parameters.limit()
    clock = queries.params(ask.reader).clock
    found = queries.holidays(ask.reader, limit, ask.parameters.integer("after", high=2**32 - 1))

    def row(day: int, name: str) -> dict[str, Any]:
        start = clock.day_start(day)
        return {"day": day, "name": name, "start_mtu": start, "start_ms": clock.start_ms(start)}

    return page(found, limit, lambda one: one.day, lambda one: row(one.day, one.name))


def _prices(ask: Ask, mtu: int) -> dict[str, Any]:
    now, prices = in_force(ask.reader, mtu), tariff_at(ask.reader, mtu)
    is_peak = now.tariff.is_peak(queries.params(ask.reader).clock.quarter_of_day(mtu))
    return {
        "from_mtu": now.from_mtu,
        "band": prices.band,
        "is_peak": is_peak,
        "peak_multiplier_ppm": now.tariff.peak_multiplier_ppm if is_peak else 1_000_000,
        **price("energy", prices.energy_micro_per_kwh),
        **price("ft", prices.ft_micro_per_kwh),
        "vat_ppm": prices.vat_ppm,
        **price("retail", prices.retail_micro_per_kwh),
        **price("feed_in", prices.feed_in_micro_per_kwh),
    }


def _charges(ask: Ask, mtu: int) -> dict[str, Any]:
    network = queries.network(ask.reader)
    passing = line_wheeling_micro_per_kwh(ask.reader, mtu)
    return {
        "distribution": [
            {"zone": zone.name, **price("charge", distribution_micro_per_kwh(ask.reader, number, mtu))}
            for number, zone in enumerate(network.zones)
        ],
        "wheeling": [
            {"line": line.name, **price("charge", charge)} for line, charge in zip(network.lines, passing, strict=True)
        ],
    }
