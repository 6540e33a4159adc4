"""What must hold of call auctions: after the block that held one, while its trades are written, and for ever after."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

from gridnode.modules.context import After, Writes
from gridnode.modules.grid.network import zones
from gridnode.modules.market import certificate
from gridnode.modules.market.auction_book import Entry, entries_of
from gridnode.modules.market.auction_tables import AUCTION_PATHS, AUCTIONS, AWARDS, Auction, AuctionPath
from gridnode.modules.market.auctioning import summary_arcs
from gridnode.modules.market.block_clearing import clearing_of, net_of, order_rows, rows_root
from gridnode.modules.market.events import AuctionRow
from gridnode.modules.market.lifecycle import is_open
from gridnode.modules.market.tables import ORDERS, TRADES, Ending, Order, OrderStatus, Side, Trade
from gridnode.modules.market.terms import takes_part
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.units import EnergyWh, cost
from gridnode.state.kv import Reader

NAME: Final = "market-auction"

Pool = tuple[int, int, Side]
"""MTU, zone number, side."""


def check_auctions(before: Reader, writes: Writes) -> None:
    """Auctions stay as they were held; paths and awards lose exactly what their trades write. Raises InvariantBroken."""
    path_wh: Counter[tuple[int, int]] = Counter()
    for (mtu, number), _, trade in TRADES.changes(before, writes):
        if trade is not None and trade.path:
            path_wh[mtu, trade.path] += trade.energy_wh
            _check_terms(number, trade, AUCTION_PATHS.require(After(before, writes), mtu, trade.path))
    pool_wh = _check_paths(before, writes, path_wh)
    for (mtu,), old, auction in AUCTIONS.changes(before, writes):
        if old is not None or auction is None:
            raise InvariantBroken(NAME, f"the auction of MTU {mtu} changed")
        _check_sums(mtu, auction, _paths_of(After(before, writes), mtu))
        for pool, energy_wh in _traded(before, mtu, auction).items():
            pool_wh[pool] += energy_wh
    for (mtu, zone, side, _), was_wh, now_wh in AWARDS.changes(before, writes):
        pool_wh[mtu, zone, Side(side)] -= (now_wh or 0) - (was_wh or 0)
    for pool, energy_wh in pool_wh.items():
        if energy_wh:
            raise InvariantBroken(NAME, f"awards of {pool} are {energy_wh} Wh off what was accepted and not yet traded")


def _check_terms(number: int, trade: Trade, path: AuctionPath) -> None:
    named = trade.price_micro, trade.wheeling_micro, trade.rent_micro
    if named != (path.price_micro, path.wheeling_micro, path.rent_micro):
        raise InvariantBroken(NAME, f"trade {number} has other prices than its path {path}")


def _check_paths(before: Reader, writes: Writes, path_wh: Counter[tuple[int, int]]) -> Counter[Pool]:
    """Paths lose what is traded over them, and nothing else of them changes; returns less that, by pool."""
    pool_wh: Counter[Pool] = Counter()
    for (mtu, number), old, path in AUCTION_PATHS.changes(before, writes):
        if path is None or (old is not None and replace(old, left_wh=path.left_wh) != path):
            raise InvariantBroken(NAME, f"path {number} of MTU {mtu} went from {old} to {path}")
        written_wh = (path.energy_wh if old is None else old.left_wh) - path.left_wh
        if written_wh != path_wh.pop((mtu, number), 0):
            raise InvariantBroken(NAME, f"trades over path {number} of MTU {mtu} are not what it lost, {written_wh} Wh")
        pool_wh[mtu, path.seller_zone, Side.OFFER] -= written_wh
        pool_wh[mtu, path.buyer_zone, Side.BID] -= written_wh
    if path_wh:
        raise InvariantBroken(NAME, f"trades over paths that did not change: {dict(path_wh)}")
    return pool_wh


def _paths_of(reader: After, mtu: int) -> list[AuctionPath]:
    found: list[AuctionPath] = []
    while (path := AUCTION_PATHS.get(reader, mtu, len(found) + 1)) is not None:
        found.append(path)
    return found


def _traded(reader: Reader, mtu: int, auction: Auction) -> Counter[Pool]:
    """What an auction accepted, by pool."""
    number_of = {str(zone.name): number for number, zone in enumerate(zones(reader))}
    traded: Counter[Pool] = Counter()
    for zone in auction.summary.zones:
        if zone.name in number_of:
            traded[mtu, number_of[zone.name], Side.OFFER] = zone.sold_wh
            traded[mtu, number_of[zone.name], Side.BID] = zone.bought_wh
    return traded


def _check_sums(mtu: int, auction: Auction, paths: list[AuctionPath]) -> None:
    """Energy, money and lines of an auction's paths are those of its clearing."""
    summary = auction.summary
    carried: Counter[int] = Counter()
    for path in paths:
        for hop in path.hops:
            carried[hop.line] += hop.direction * path.energy_wh
    flows = {arc.line: arc.direction * arc.energy_wh for arc in summary_arcs(summary)}
    prices = {zone.name: zone.price_micro for zone in summary.zones}
    gained = [cost(line.flow_wh, prices[line.target] - prices[line.source] - line.wheeling_micro) for line in summary.lines]
    for what, of_paths, of_clearing in (
        ("flows", {line: wh for line, wh in carried.items() if wh}, flows),
        ("volume", sum(path.energy_wh for path in paths), auction.volume_wh),
        ("volume", auction.volume_wh, sum(zone.sold_wh for zone in summary.zones)),
        ("volume", auction.volume_wh, sum(zone.bought_wh for zone in summary.zones)),
        ("value", sum(cost(path.energy_wh, path.price_micro) for path in paths), auction.value),
        ("rent", sum(cost(path.energy_wh, path.rent_micro) for path in paths), auction.rent),
        ("rent", sum(gained), auction.rent),
    ):
        if of_paths != of_clearing:
            raise InvariantBroken(NAME, f"{what} of the paths of MTU {mtu} is {of_paths}, of its clearing {of_clearing}")


def check_all_auctions(reader: Reader) -> None:
    """Every auction again: its rows, told from orders and trades, have its root, and its certificate holds. Raises InvariantBroken."""
    names = [str(zone.name) for zone in zones(reader)]
    for (mtu,), auction in AUCTIONS.scan(reader):
        paths = [path for _, path in AUCTION_PATHS.scan(reader, mtu)]
        _check_sums(mtu, auction, paths)
        traded_wh, path_left_wh = _written(reader, mtu, paths)
        if path_left_wh != [path.left_wh for path in paths]:
            raise InvariantBroken(NAME, f"trades of MTU {mtu} do not use its paths up as they say")
        awards = {number: int(left_wh) for (*_, number), left_wh in AWARDS.scan(reader, mtu)}
        rows = _rows(_entries(reader, mtu, auction, traded_wh), traded_wh + Counter(awards))
        summary = auction.summary
        if (summary.orders, summary.orders_root) != (len(rows), rows_root(rows)):
            raise InvariantBroken(NAME, f"the rows of the auction of MTU {mtu} are not those of its orders and trades")
        wrong = certificate.check(order_rows(names, rows), net_of(summary), clearing_of(summary, rows))
        if wrong:
            raise InvariantBroken(NAME, f"the auction of MTU {mtu}: {wrong[0]}")


def _written(reader: Reader, mtu: int, paths: list[AuctionPath]) -> tuple[Counter[int], list[int]]:
    """Wh that trades of an auction wrote by order, and what they leave of each path."""
    traded_wh: Counter[int] = Counter()
    left_wh = [int(path.energy_wh) for path in paths]
    for _, trade in TRADES.scan(reader, mtu):
        if trade.path:
            traded_wh[trade.buyer_order] += trade.energy_wh
            traded_wh[trade.seller_order] += trade.energy_wh
            left_wh[trade.path - 1] -= trade.energy_wh
    return traded_wh, left_wh


def _entries(reader: Reader, mtu: int, auction: Auction, traded_wh: Counter[int]) -> list[Entry]:
    """The orders that took part: those open when the gate closed, which traded in the auction or ended for want of it, or still may."""
    took = [
        (number, order, order.remaining_wh + traded_wh[number])
        for (_, number), order in ORDERS.scan(reader, mtu)
        if order.remaining_wh + traded_wh[number] and _came_to_gate(order) and takes_part(order, auction.time_ms)
    ]
    return entries_of(reader, mtu, took)


def _came_to_gate(order: Order) -> bool:
    return is_open(order) or order.status is OrderStatus.FILLED or order.ending is Ending.GATE


def _rows(entries: list[Entry], accepted_wh: Counter[int]) -> list[AuctionRow]:
    return [
        AuctionRow(e.order, e.zone, e.side, EnergyWh(e.energy_wh), e.limit_micro, EnergyWh(accepted_wh[e.order]))
        for e in entries
    ]
