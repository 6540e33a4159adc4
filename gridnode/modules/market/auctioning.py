"""The call auction of an MTU is held: it clears, is checked, is told, and what it gave waits to be written as trades."""

from __future__ import annotations

from collections.abc import Sequence

from gridnode.chain.clearing import ClearingSummary
from gridnode.modules.context import Context
from gridnode.modules.grid.network import distribution_micro_per_kwh, zones
from gridnode.modules.grid.tables import Hop
from gridnode.modules.market import certificate
from gridnode.modules.market.auction_book import Cleared, clear_book
from gridnode.modules.market.auction_tables import AUCTION_PATHS, AUCTIONS, AWARDS, Auction, AuctionPath
from gridnode.modules.market.block_clearing import clearing_of, net_of, order_rows
from gridnode.modules.market.events import AuctionHeld, AuctionRows
from gridnode.modules.market.flows import add_flow
from gridnode.modules.market.pairing import Arc, FlowPath, flow_paths
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.limits import MAX_AUCTION_ROWS
from gridnode.primitives.units import Amount, EnergyWh, Mtu, PriceMicro
from gridnode.state.kv import Reader


def hold_auction(context: Context, mtu: int) -> bool:
    """Hold the call auction of an MTU whose gate is closed; whether trades came of it.

    Without a bid or without an offer there is nothing to clear: no row, no event, no summary. Raises InvariantBroken when the
    clearing is not the one that the auction's rules give.
    """
    cleared = clear_book(context.state, mtu, context.time_ms)
    if cleared is None:
        return False
    _check(context.state, cleared)
    _tell(context, mtu, cleared)
    _write(context, mtu, cleared)
    context.totals.clearings.append(cleared.summary)
    return cleared.volume_wh > 0


def _check(reader: Reader, cleared: Cleared) -> None:
    """Trust no solver: the certificate proves the clearing by the rules alone."""
    names = [zone.name for zone in zones(reader)]
    summary = cleared.summary
    wrong = certificate.check(
        order_rows(names, cleared.rows), net_of(summary), clearing_of(summary, cleared.rows)
    )
    if wrong:
        raise InvariantBroken("market-auction", f"the auction of MTU {summary.mtu}: {wrong[0]}")


def _tell(context: Context, mtu: int, cleared: Cleared) -> None:
    rows = cleared.rows
    for first in range(0, len(rows), MAX_AUCTION_ROWS):
        context.emit(AuctionRows(Mtu(mtu), rows[first : first + MAX_AUCTION_ROWS]))
    volume_wh, value, rent = EnergyWh(cleared.volume_wh), Amount(cleared.value), Amount(cleared.rent)
    context.emit(AuctionHeld(Mtu(mtu), len(rows), volume_wh, value, rent))


def _write(context: Context, mtu: int, cleared: Cleared) -> None:
    """Write the auction, the flows it adds, and paths and awards, which its trades use up."""
    state, summary = context.state, cleared.summary
    volume_wh, value, rent = EnergyWh(cleared.volume_wh), Amount(cleared.value), Amount(cleared.rent)
    AUCTIONS.put(state, mtu, Auction(context.height, context.time_ms, summary, volume_wh, value, rent))
    arcs = summary_arcs(summary)
    for arc in arcs:
        add_flow(state, arc.line, mtu, arc.direction * arc.energy_wh)
    for number, path in enumerate(auction_paths(state, mtu, summary), 1):
        AUCTION_PATHS.put(state, mtu, number, path)
    for row in cleared.rows:
        if row.accepted_wh:
            AWARDS.put(state, mtu, row.zone, row.side, row.order, row.accepted_wh)


def summary_arcs(summary: ClearingSummary) -> list[Arc]:
    """The lines of a summary that carry something: it has both directions of each line, forward first, by line number."""
    return [
        Arc(at // 2, -1 if at % 2 else 1, line.source, line.target, line.flow_wh)
        for at, line in enumerate(summary.lines)
        if line.flow_wh
    ]


def auction_paths(reader: Reader, mtu: int, summary: ClearingSummary) -> list[AuctionPath]:
    """The paths of an auction's energy in the order of `pairing`, with their charges. Raises InvariantBroken when rent is negative."""
    names = [str(zone.name) for zone in zones(reader)]
    traded = {zone.name: zone for zone in summary.zones}
    sold = {name: int(traded[name].sold_wh) for name in names if name in traded}
    bought = {name: int(traded[name].bought_wh) for name in names if name in traded}
    found = flow_paths(sold, bought, summary_arcs(summary))
    return [_charged(reader, mtu, summary, names, path) for path in found]


def _charged(
    reader: Reader, mtu: int, summary: ClearingSummary, names: Sequence[str], path: FlowPath
) -> AuctionPath:
    prices = {zone.name: zone.price_micro for zone in summary.zones}
    over_lines = sum(summary.lines[2 * line].wheeling_micro for line, _ in path.hops)
    rent = prices[path.buyer_zone] - prices[path.seller_zone] - over_lines
    if rent < 0:
        raise InvariantBroken("market-auction", f"the path {path} of MTU {mtu} costs more than prices differ by")
    buyer_zone = names.index(path.buyer_zone)
    wheeling = over_lines + distribution_micro_per_kwh(reader, buyer_zone, mtu)
    return AuctionPath(
        tuple(Hop(line, direction) for line, direction in path.hops),
        PriceMicro(prices[path.seller_zone]),
        PriceMicro(wheeling),
        PriceMicro(rent),
        names.index(path.seller_zone),
        buyer_zone,
        EnergyWh(path.energy_wh),
        EnergyWh(path.energy_wh),
    )
