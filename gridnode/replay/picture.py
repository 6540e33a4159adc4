"""The day as a picture: price and volume per MTU, energy by zone and source, line flows against capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_COLOURS = {"traded": "#2b6cb0", "price": "#c05621", "solar": "#d69e2e", "used": "#4a5568", "full": "#c53030"}
_DPI = 110


def draw(
    path: Path,
    traded_wh: Sequence[int],
    price_micro: Sequence[int | None],
    energy_by_zone: Mapping[str, tuple[int, int]],
    line_flow_wh: Mapping[str, Sequence[int]],
    capacity_wh: Mapping[str, int],
) -> None:
    """Write the picture to `path` (PNG).

    traded_wh       volume of each of the 96 quarter hours
    price_micro     volume-weighted seller price of each, 1e-6 THB/kWh; None where nothing traded
    energy_by_zone  zone -> Wh generated (solar) and Wh consumed
    line_flow_wh    zone -> net export of each quarter hour
    capacity_wh     zone -> ATC of its line
    """
    figure = Figure(figsize=(12, 9), dpi=_DPI, layout="constrained")
    top, middle, low = figure.subplots(3, 1, height_ratios=(3, 2, 3))
    _volume_and_price(top, traded_wh, price_micro)
    _zones(middle, energy_by_zone)
    _lines(low, line_flow_wh, capacity_wh)
    figure.savefig(path)


def _hours(axes: Axes) -> None:
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3))
    axes.set_xlabel("hour of the day")


def _volume_and_price(axes: Axes, traded_wh: Sequence[int], price_micro: Sequence[int | None]) -> None:
    hours = [index / 4 + 0.125 for index in range(len(traded_wh))]
    axes.bar(hours, [energy / 1000 for energy in traded_wh], width=0.22, color=_COLOURS["traded"], label="traded")
    axes.set_ylabel("kWh per quarter hour")
    axes.set_title("Continuous market: volume and volume-weighted price of each quarter hour")
    right = axes.twinx()
    known = [(hour, price / 1e6) for hour, price in zip(hours, price_micro, strict=True) if price is not None]
    if known:
        right.plot(*zip(*known, strict=True), color=_COLOURS["price"], lw=1.6, label="price")
    right.set_ylabel("THB/kWh", color=_COLOURS["price"])
    _hours(axes)


def _zones(axes: Axes, energy: Mapping[str, tuple[int, int]]) -> None:
    names = sorted(energy)
    places: Sequence[Any] = range(len(names))
    axes.bar(
        [place - 0.2 for place in places],
        [energy[name][0] / 1000 for name in names],
        width=0.38,
        color=_COLOURS["solar"],
        label="generated (solar)",
    )
    axes.bar(
        [place + 0.2 for place in places],
        [energy[name][1] / 1000 for name in names],
        width=0.38,
        color=_COLOURS["used"],
        label="consumed",
    )
    axes.set_xticks(list(places), names)
    axes.set_ylabel("kWh of the day")
    axes.set_title("Energy by zone and source")
    axes.legend(loc="upper right")


def _lines(axes: Axes, flows: Mapping[str, Sequence[int]], capacity: Mapping[str, int]) -> None:
    for name in sorted(flows):
        row = flows[name]
        hours = [index / 4 + 0.125 for index in range(len(row))]
        share = [100 * flow / capacity[name] for flow in row]
        axes.plot(hours, share, lw=1.4, label=name)
    for bound in (-100, 100):
        axes.axhline(bound, color=_COLOURS["full"], lw=0.8, ls="--")
    axes.set_ylabel("net export, % of ATC")
    axes.set_title("Traded flow on each zone's line (dashed: full)")
    axes.legend(ncols=6, loc="lower center", fontsize="small")
    _hours(axes)
