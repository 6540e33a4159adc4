"""Who is delivered how much when a seller has less than it sold: pro rata, in whole Wh, summing exactly.

Items in a row share `given` of `whole`: each gets its share of the running total, rounded down, less what those before it got. So
shares sum to `given` exactly, each differs from its exact part by less than 1 Wh, and an item is served without knowing the later ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gridnode.modules.registry.tables import Source
from gridnode.modules.settlement.tables import Sales, SourceSale
from gridnode.primitives.units import EnergyWh

NO_WH = EnergyWh(0)
NO_SALES = Sales(NO_WH, False, ())


def share(reached_wh: int, size_wh: int, given_wh: int, whole_wh: int) -> int:
    """What an item of `size_wh` gets of `given_wh` (at most `whole_wh`), after items of `reached_wh` in all; `whole_wh` > 0."""
    return (reached_wh + size_wh) * given_wh // whole_wh - reached_wh * given_wh // whole_wh


def with_sale(sales: Sales, source: Source, energy_wh: int) -> Sales:
    """`sales` with one more of `energy_wh` of a source."""
    known = {sale.source: sale for sale in sales.sources}
    before = known.get(source) or SourceSale(source, NO_WH, NO_WH, NO_WH)
    known[source] = replace(before, sold_wh=EnergyWh(before.sold_wh + energy_wh))
    return replace(sales, sources=tuple(known[place] for place in sorted(known)))


def allotted(sales: Sales, lots_wh: Mapping[Source, int], surplus_wh: int) -> Sales:
    """`sales` with what can be delivered of each source.

    Of a source at most what was sold and what lots there are; of all sources together at most the surplus, shared out in proportion to
    that, sources in ascending number.
    """
    wanted = [min(sale.sold_wh, lots_wh.get(sale.source, 0)) for sale in sales.sources]
    whole_wh = sum(wanted)
    given_wh = min(whole_wh, surplus_wh)
    sources, reached_wh = [], 0
    for sale, wanted_wh in zip(sales.sources, wanted, strict=True):
        deliverable_wh = share(reached_wh, wanted_wh, given_wh, whole_wh) if whole_wh else 0
        sources.append(replace(sale, deliverable_wh=EnergyWh(deliverable_wh)))
        reached_wh += wanted_wh
    return replace(sales, is_allotted=True, sources=tuple(sources))


def with_delivery(sales: Sales, source: Source, energy_wh: int) -> tuple[Sales, int]:
    """`sales` after the next trade of a source, and the Wh that are delivered for it; sales must be allotted."""
    delivered_wh, sources = 0, []
    for sale in sales.sources:
        if sale.source == source:
            delivered_wh = share(sale.reached_wh, energy_wh, sale.deliverable_wh, sale.sold_wh)
            sale = replace(sale, reached_wh=EnergyWh(sale.reached_wh + energy_wh))
        sources.append(sale)
    return replace(sales, sources=tuple(sources)), delivered_wh
