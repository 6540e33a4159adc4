"""The day as a picture: volumes and prices, call auctions by zone, money saved, line flows against capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridnode.primitives.units import THB_DECIMALS
from gridnode.replay.report import Figures

_COLOURS = {
    "continuous": "#2b6cb0",
    "auction": "#2f855a",
    "price": "#c05621",
    "solar": "#d69e2e",
    "used": "#4a5568",
    "full": "#c53030",
    "tariff": "#a0aec0",
}
_DPI = 110
_MICRO = 10**6
_THB = 10**THB_DECIMALS


def draw(
    path: Path,
    figures: Figures,
    energy_by_zone: Mapping[str, tuple[int, int]],
    capacity_wh: Mapping[str, int],
) -> None:
    """Write the picture to `path`, PNG or SVG by its suffix; the same figures give the same SVG.

    figures         what the report was made from
    energy_by_zone  zone -> Wh generated (solar) and Wh consumed
    capacity_wh     zone -> ATC of its line
    """
    figure = Figure(figsize=(13, 14), dpi=_DPI, layout="constrained")
    grid = figure.add_gridspec(5, 2, height_ratios=(3, 3, 2.4, 2.4, 3))
    _volume_and_price(figure.add_subplot(grid[0, :]), figures)
    _auction_prices(figure.add_subplot(grid[1, :]), figures)
    _zones(figure.add_subplot(grid[2, 0]), energy_by_zone)
    _auction_zones(figure.add_subplot(grid[2, 1]), figures)
    _imbalance(figure.add_subplot(grid[3, 0]), figures)
    _savings(figure.add_subplot(grid[3, 1]), figures)
    _lines(figure.add_subplot(grid[4, :]), figures.books.flow_wh, capacity_wh)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "gridnode"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _hours(axes: Axes) -> None:
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3))
    axes.set_xlabel("hour of the day")


def _steps(axes: Axes, kwh: Sequence[float], colour: str, label: str, above: Sequence[float] | float = 0) -> None:
    """A row of quarter hours as one filled outline, from `above` upwards."""
    edges = [index / 4 for index in range(len(kwh) + 1)]
    axes.stairs(kwh, edges, baseline=above, fill=True, color=_COLOURS[colour], label=label)


def _places(row: Sequence[Any]) -> list[float]:
    return [index / 4 + 0.125 for index in range(len(row))]


def _kwh(row: Sequence[int]) -> list[float]:
    return [energy / 1000 for energy in row]


def _known(row: Sequence[int | None]) -> tuple[list[float], list[float]]:
    """Places and THB/kWh of the quarter hours that have a price."""
    known = [
        (place, price / _MICRO) for place, price in zip(_places(row), row, strict=True) if price is not None
    ]
    return [place for place, _ in known], [price for _, price in known]


def _volume_and_price(axes: Axes, figures: Figures) -> None:
    books = figures.books
    whole, auctioned = _kwh(books.traded_wh), _kwh(books.auctioned_wh)
    continuous = [energy - part for energy, part in zip(whole, auctioned, strict=True)]
    _steps(axes, continuous, "continuous", "continuous trading")
    _steps(axes, whole, "auction", "call auction", continuous)
    axes.set_ylabel("kWh per quarter hour")
    axes.set_title("Traded energy and its volume-weighted price to sellers")
    axes.legend(loc="upper left")
    right = axes.twinx()
    right.plot(*_known(books.price_micro()), color=_COLOURS["price"], lw=1.6)
    right.set_ylabel("THB/kWh", color=_COLOURS["price"])
    _hours(axes)


def _auction_prices(axes: Axes, figures: Figures) -> None:
    money = figures.money
    for row, name in ((money.retail_micro, "utility sells (all in)"), (money.feed_in_micro, "utility buys")):
        prices: list[int | None] = [price or None for price in row]
        axes.plot(*_known(prices), color=_COLOURS["tariff"], lw=1.2, ls="--", label=name)
    for zone, row_of_zone in sorted(figures.auctions.price_micro.items()):
        axes.plot(*_known(row_of_zone), lw=1.4, label=zone)
    axes.set_ylabel("THB/kWh")
    rent = sum(figures.auctions.rent) / _THB
    axes.set_title(f"Closing call auctions: price of each zone; congestion rent of the day {rent:,.2f} THB")
    axes.legend(ncols=4, loc="upper left", fontsize="small")
    _hours(axes)


def _zones(axes: Axes, energy: Mapping[str, tuple[int, int]]) -> None:
    pairs = [(energy[name][0], energy[name][1]) for name in sorted(energy)]
    _pairs(axes, sorted(energy), pairs, ("generated (solar)", "consumed"), ("solar", "used"))
    axes.set_title("Energy by zone and source")


def _auction_zones(axes: Axes, figures: Figures) -> None:
    auctions = figures.auctions
    names = sorted(auctions.sold_wh)
    pairs = [(sum(auctions.sold_wh[name]), sum(auctions.bought_wh[name])) for name in names]
    _pairs(axes, names, pairs, ("sold", "bought"), ("solar", "used"))
    axes.set_title("Call auctions: volume by zone")


def _pairs(
    axes: Axes,
    names: Sequence[str],
    pairs: Sequence[tuple[int, int]],
    labels: tuple[str, str],
    colours: tuple[str, str],
) -> None:
    """Two bars for each name, kWh of the day."""
    places: Sequence[Any] = range(len(names))
    for side, (label, colour) in enumerate(zip(labels, colours, strict=True)):
        shifted = [place + 0.4 * side - 0.2 for place in places]
        axes.bar(
            shifted, _kwh([pair[side] for pair in pairs]), width=0.38, color=_COLOURS[colour], label=label
        )
    axes.set_xticks(list(places), list(names), fontsize="small")
    axes.set_ylabel("kWh of the day")
    axes.legend(loc="upper right", fontsize="small")


def _imbalance(axes: Axes, figures: Figures) -> None:
    money = figures.money
    hours = _places(money.excess_wh)
    axes.bar(
        hours,
        _kwh(money.excess_wh),
        width=0.22,
        color=_COLOURS["solar"],
        label="excess, sold at the feed-in price",
    )
    lack = [-energy for energy in _kwh(money.lack_wh)]
    axes.bar(hours, lack, width=0.22, color=_COLOURS["used"], label="lack, bought at the retail price")
    axes.set_ylabel("kWh per quarter hour")
    axes.set_title("Imbalance: metered less traded")
    axes.legend(loc="lower left", fontsize="small")
    _hours(axes)


def _savings(axes: Axes, figures: Figures) -> None:
    saved = sorted((account.saved / _THB for account in figures.money.accounts.values()), reverse=True)
    for colour, part in (("auction", [max(0.0, one) for one in saved]), ("full", [min(0.0, one) for one in saved])):
        axes.stairs(part, fill=True, color=_COLOURS[colour])
    axes.set_xlabel("participants")
    axes.set_ylabel("THB of the day")
    axes.set_title(f"Saved against the utility's tariff: {sum(saved):,.2f} THB in all")


def _lines(axes: Axes, flows: Mapping[str, Sequence[int]], capacity: Mapping[str, int]) -> None:
    for name in sorted(flows):
        row = flows[name]
        share = [100 * flow / capacity[name] for flow in row]
        axes.plot(_places(row), share, lw=1.4, label=name)
    for bound in (-100, 100):
        axes.axhline(bound, color=_COLOURS["full"], lw=0.8, ls="--")
    axes.set_ylabel("net export, % of ATC")
    axes.set_title("Traded flow on each zone's line (dashed: full)")
    if flows:
        axes.legend(ncols=6, loc="lower center", fontsize="small")
    _hours(axes)
