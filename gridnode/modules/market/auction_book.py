"""What goes into the call auction of an MTU, read from the state, and what comes out of it. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gridnode.chain.clearing import ClearingSummary, LineResult, ZoneResult
from gridnode.modules.grid.network import (
    capacities,
    distribution_micro_per_kwh,
    line_wheeling_micro_per_kwh,
    lines,
    zones,
)
from gridnode.modules.market.auction import clear
from gridnode.modules.market.block_clearing import order_rows, rows_root
from gridnode.modules.market.clearing import Clearing, LineRow
from gridnode.modules.market.events import AuctionRow
from gridnode.modules.market.lifecycle import open_orders
from gridnode.modules.market.tables import FLOWS, Order, Side
from gridnode.modules.market.terms import takes_part
from gridnode.primitives.units import EnergyWh, Mtu, cost
from gridnode.state.kv import Reader


class Entry(NamedTuple):
    """An order as it enters an auction."""

    order: int
    """Its number."""
    zone: int
    """Zone number."""
    side: Side
    """Bid or offer."""
    energy_wh: int
    """What is left of it."""
    limit_micro: int
    """Per kWh; of a bid less the charge for delivery in its zone, so that it may be negative."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """An auction that cleared; amounts in 1e-9 THB."""

    rows: tuple[AuctionRow, ...]
    """Every order that took part, in order of number, accepted or not."""
    summary: ClearingSummary
    """Zones, lines and the root of the rows."""
    volume_wh: int
    """Accepted of bids, which is accepted of offers."""
    value: int
    """What sellers get."""
    rent: int
    """Congestion rent: of all lines, flow x (price difference of its ends - wheeling)."""


def clear_book(reader: Reader, mtu: int, time_ms: int) -> Cleared | None:
    """The call auction of an MTU as it is at a chain time; None when no bid or no offer takes part: there is nothing to clear."""
    found = ((number, order) for number, order in open_orders(reader, mtu) if takes_part(order, time_ms))
    entries = entries_of(reader, mtu, ((number, order, order.remaining_wh) for number, order in found))
    if len({entry.side for entry in entries}) < len(Side):
        return None
    return clear_entries(reader, mtu, entries, line_rows(reader, mtu))


def entries_of(reader: Reader, mtu: int, orders: Iterable[tuple[int, Order, int]]) -> list[Entry]:
    """Orders, each with its number and the Wh that are left of it, as they enter the auction of an MTU."""
    zone_of = {zone.name: number for number, zone in enumerate(zones(reader))}
    delivery = [distribution_micro_per_kwh(reader, number, mtu) for number in range(len(zone_of))]
    entries = []
    for number, order, left_wh in orders:
        zone = zone_of[order.zone]
        limit = order.limit_micro - (delivery[zone] if order.side is Side.BID else 0)
        entries.append(Entry(number, zone, order.side, left_wh, limit))
    return entries


def line_rows(reader: Reader, mtu: int) -> list[LineRow]:
    """Both directions of each line, forward first, by line number: with the capacity that trades left, at least 0, and its wheeling."""
    room, charges = capacities(reader, mtu), line_wheeling_micro_per_kwh(reader, mtu)
    rows = []
    for number, line in enumerate(lines(reader)):
        flow_wh = FLOWS.get(reader, number, mtu) or 0
        forward_wh = max(0, room.forward_wh[number] - flow_wh)
        backward_wh = max(0, room.backward_wh[number] + flow_wh)
        rows.append((line.start, line.end, forward_wh, int(charges[number])))
        rows.append((line.end, line.start, backward_wh, int(charges[number])))
    return rows


def clear_entries(reader: Reader, mtu: int, entries: Sequence[Entry], net: Sequence[LineRow]) -> Cleared:
    """Clear entries, in order of number, over both directions of each line, in order of line number."""
    names = [zone.name for zone in zones(reader)]
    clearing = clear(order_rows(names, entries), net)
    accepted = clearing.accepted
    rows = tuple(
        AuctionRow(
            entry.order, entry.zone, entry.side, EnergyWh(entry.energy_wh), entry.limit_micro, EnergyWh(accepted[entry.order])
        )
        for entry in entries
    )
    prices, flows = clearing.prices, clearing.flows
    sales = [row for row in rows if row.side is Side.OFFER and row.accepted_wh]
    return Cleared(
        rows,
        _summary(mtu, names, rows, net, clearing),
        sum(row.accepted_wh for row in sales),
        sum(cost(row.accepted_wh, prices[names[row.zone]]) for row in sales),
        sum(cost(flows[line[0], line[1]], prices[line[1]] - prices[line[0]] - line[3]) for line in net),
    )


def _summary(
    mtu: int, names: Sequence[str], rows: Sequence[AuctionRow], net: Sequence[LineRow], clearing: Clearing
) -> ClearingSummary:
    traded: Counter[tuple[str, Side]] = Counter()
    for row in rows:
        traded[names[row.zone], row.side] += row.accepted_wh
    zone_results = tuple(
        ZoneResult(name, price, EnergyWh(traded[name, Side.OFFER]), EnergyWh(traded[name, Side.BID]))
        for name, price in clearing.prices.items()
    )
    line_results = tuple(
        LineResult(source, target, EnergyWh(room_wh), wheeling, EnergyWh(clearing.flows[source, target]))
        for source, target, room_wh, wheeling in net
    )
    return ClearingSummary(Mtu(mtu), zone_results, line_results, len(rows), rows_root(rows))
