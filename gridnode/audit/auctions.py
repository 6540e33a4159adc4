"""A call auction of a block: who took part is what history says, and the clearing proves itself.

Taken from the block are what was accepted of each order, the price of each zone and the flow of each line. Everything else that a block
tells of an auction follows from these and from history, and is made here for comparison.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from gridnode.audit.findings import Fault, Finding
from gridnode.audit.history import History, Path, Period
from gridnode.audit.reading import Told
from gridnode.chain.clearing import ClearingSummary, LineResult, ZoneResult
from gridnode.codec.records import layout
from gridnode.modules.market import certificate
from gridnode.modules.market.block_clearing import clearing_of, net_of, order_rows, rows_root
from gridnode.modules.market.clearing import zones_of
from gridnode.modules.market.events import AuctionHeld, AuctionRow, AuctionRows
from gridnode.modules.market.pairing import Arc, flow_paths
from gridnode.modules.market.tables import Phase, Side
from gridnode.modules.market.terms import takes_part
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.limits import MAX_AUCTION_ROWS
from gridnode.primitives.units import Amount, EnergyWh, Mtu, cost


@dataclass(frozen=True, slots=True)
class Held:
    """An auction as it must have been told."""

    rows: tuple[AuctionRow, ...]
    """Every order that took part, with what the block says was accepted of it."""
    summary: ClearingSummary
    """With the block's prices and flows."""
    told: tuple[AuctionRows | AuctionHeld, ...]
    """Its events."""

    @property
    def volume_wh(self) -> int:
        """Accepted of offers."""
        return sum(row.accepted_wh for row in self.rows if row.side is Side.OFFER)


def held_auction(history: History, told: Told, mtu: int) -> Held | None:
    """The auction of an MTU; None when no bid or no offer took part."""
    entered = _entered(history, mtu, told.header.time_ms)
    if len({row.side for row in entered}) < len(Side):
        return None
    accepted = {
        row.order: row.accepted_wh
        for event in told.hooks
        if isinstance(event, AuctionRows) and event.mtu == mtu
        for row in event.rows
    }
    rows = tuple(
        AuctionRow(row.order, row.zone, row.side, row.energy_wh, row.limit_micro, accepted.get(row.order, EnergyWh(0)))
        for row in entered
    )
    claimed = next((found for found in told.header.energy.clearings if found.mtu == mtu), None)
    summary = _summary(history, mtu, rows, claimed)
    return Held(rows, summary, tuple(_events(mtu, rows, summary)))


def check_clearing(height: int, history: History, held: Held) -> Iterator[Finding]:
    """Yield why the clearing is not the one that the auction's rules give; takes the proof of prices and flows, not a solver."""
    rows, summary = order_rows(history.frame.zones, held.rows), held.summary
    try:
        wrong = certificate.check(rows, net_of(summary), clearing_of(summary, held.rows))
    except ValueError as error:
        wrong = [str(error)]
    for text in wrong:
        yield Finding(height, Fault.CLEARING, text, summary.mtu)


def check_summary(height: int, told: Told, held: Held | None) -> Iterator[Finding]:
    """Yield how the header's account of its auctions differs from what it must be."""
    clearings = told.header.energy.clearings
    expected = [] if held is None else [held.summary]
    if len(clearings) != len(expected):
        yield Finding(height, Fault.SUMMARY, f"the header tells of {len(clearings)} auctions, expected {len(expected)}")
    for right, claimed in zip(expected, clearings, strict=False):
        for name in layout(ClearingSummary).kinds:
            if getattr(right, name) != getattr(claimed, name):
                yield Finding(height, Fault.SUMMARY, f"{name}: {_compared(right, claimed, name)}", right.mtu)


def apply_auction(height: int, history: History, held: Held) -> Iterator[Finding]:
    """Let history go on from an auction: flows, paths and awards. Yields why its flows do not make paths."""
    summary, period = held.summary, history.periods[held.summary.mtu]
    arcs = [
        Arc(at // 2, -1 if at % 2 else 1, line.source, line.target, line.flow_wh)
        for at, line in enumerate(summary.lines)
        if line.flow_wh
    ]
    try:
        period.paths = list(_paths(history, summary, arcs))
    except InvariantBroken as broken:
        yield Finding(height, Fault.CLEARING, broken.detail, summary.mtu)
        return
    for arc in arcs:
        history.flow(summary.mtu, [(arc.line, arc.direction)], arc.energy_wh)
    _award(period, held)


def _entered(history: History, mtu: int, time_ms: int) -> list[AuctionRow]:
    """Every open order that takes part, in order of number: a bid with its limit less delivery."""
    delivery = history.frame.charges(mtu).delivery
    return [
        AuctionRow(
            number,
            standing.zone,
            standing.order.side,
            EnergyWh(standing.left_wh),
            standing.order.limit_micro - (delivery[standing.zone] if standing.order.side is Side.BID else 0),
            EnergyWh(0),
        )
        for number, standing in sorted(history.open.get(mtu, {}).items())
        if takes_part(standing.order, time_ms)
    ]


def _summary(
    history: History, mtu: int, rows: tuple[AuctionRow, ...], claimed: ClearingSummary | None
) -> ClearingSummary:
    """What the header must say, with the prices and flows that it claims; 0 where it claims none."""
    frame = history.frame
    prices = {zone.name: zone.price_micro for zone in claimed.zones} if claimed else {}
    flows = {(line.source, line.target): line.flow_wh for line in claimed.lines} if claimed else {}
    net, passing = history.flows(mtu), frame.charges(mtu).passing
    lines = []
    for number, line in enumerate(frame.lines):
        ahead, back = (line.start, line.end), (line.end, line.start)
        rooms = (line.atc_forward_wh - net[number], line.atc_backward_wh + net[number])
        for way, room in zip((ahead, back), rooms, strict=True):
            flow = flows.get(way, EnergyWh(0))
            lines.append(LineResult(*way, EnergyWh(max(0, room)), passing[number], flow))
    traded: Counter[tuple[str, Side]] = Counter()
    for row in rows:
        traded[frame.zones[row.zone], row.side] += row.accepted_wh
    line_rows = [(line.source, line.target, line.room_wh, line.wheeling_micro) for line in lines]
    zones = tuple(
        ZoneResult(name, prices.get(name, 0), EnergyWh(traded[name, Side.OFFER]), EnergyWh(traded[name, Side.BID]))
        for name in zones_of(order_rows(frame.zones, rows), line_rows)
    )
    return ClearingSummary(Mtu(mtu), zones, tuple(lines), len(rows), rows_root(rows))


def _events(
    mtu: int, rows: tuple[AuctionRow, ...], summary: ClearingSummary
) -> Iterator[AuctionRows | AuctionHeld]:
    for first in range(0, len(rows), MAX_AUCTION_ROWS):
        yield AuctionRows(Mtu(mtu), rows[first : first + MAX_AUCTION_ROWS])
    price = {zone.name: zone.price_micro for zone in summary.zones}
    value = sum(cost(zone.sold_wh, zone.price_micro) for zone in summary.zones)
    rent = sum(
        cost(line.flow_wh, price[line.target] - price[line.source] - line.wheeling_micro) for line in summary.lines
    )
    volume_wh = sum(row.accepted_wh for row in rows if row.side is Side.OFFER)
    yield AuctionHeld(Mtu(mtu), len(rows), EnergyWh(volume_wh), Amount(value), Amount(rent))


def _paths(history: History, summary: ClearingSummary, arcs: list[Arc]) -> Iterator[Path]:
    frame, zones = history.frame, {zone.name: zone for zone in summary.zones}
    sold = {name: int(zones[name].sold_wh) for name in frame.zones if name in zones}
    bought = {name: int(zones[name].bought_wh) for name in frame.zones if name in zones}
    charges = frame.charges(summary.mtu)
    for path in flow_paths(sold, bought, arcs):
        over_lines = sum(charges.passing[line] for line, _ in path.hops)
        price, far_price = zones[path.seller_zone].price_micro, zones[path.buyer_zone].price_micro
        buyer_zone = frame.zone_number[path.buyer_zone]
        yield Path(
            path.hops,
            frame.zone_number[path.seller_zone],
            buyer_zone,
            price,
            over_lines + charges.delivery[buyer_zone],
            far_price - price - over_lines,
            path.energy_wh,
        )


def _award(period: Period, held: Held) -> None:
    period.phase = Phase.ENTERING if held.volume_wh else Phase.EXPIRING
    for row in held.rows:
        if row.accepted_wh:
            period.awards.setdefault((row.zone, row.side), deque()).append([row.order, row.accepted_wh])


def _compared(right: ClearingSummary, claimed: ClearingSummary, name: str) -> str:
    """The first part of a field that differs."""
    one, two = getattr(right, name), getattr(claimed, name)
    if not isinstance(one, tuple) or len(one) != len(two):
        return "is not what rows and history give"
    mine, theirs = next((mine, theirs) for mine, theirs in zip(one, two, strict=True) if mine != theirs)
    return f"expected {mine}, got {theirs}"
