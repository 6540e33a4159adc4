"""What must hold of orders, trades and escrow after every block."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gridnode._native.book import Books
from gridnode.modules.context import Writes
from gridnode.modules.grid.network import capacities, zone_number
from gridnode.modules.market.auction_invariants import check_all_auctions, check_auctions
from gridnode.modules.market.auction_tables import AUCTIONS, Auction
from gridnode.modules.market.auctioning import summary_arcs
from gridnode.modules.market.books import resting_orders
from gridnode.modules.market.escrow import cost_of, escrow_of
from gridnode.modules.market.lifecycle import is_open
from gridnode.modules.market.listings import check_listings
from gridnode.modules.market.locks import VOIDED
from gridnode.modules.market.queries import NO_TRADES
from gridnode.modules.market.shares import trade_hops
from gridnode.modules.market.sources import accepted_sources
from gridnode.modules.market.tables import (
    CANCELS,
    ESCROW,
    ESCROW_ACCOUNT,
    FLOWS,
    INTERRUPTED,
    ORDERS,
    PARAMS,
    PENDING,
    PERIODS,
    POSITIONS,
    STATISTICS,
    TRADES,
    MarketGenesis,
    Order,
    Phase,
    Trade,
)
from gridnode.modules.market.trades import NO_POSITION
from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import BALANCES, Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import ZoneId
from gridnode.state.kv import Reader

NAME: Final = "market"


def check_block(before: Reader, writes: Writes) -> None:
    """Escrow account, trades, positions, statistics and flows agree in what they changed by. Raises InvariantBroken.

    Orders, and escrow by MTU, are checked by settlement, which also pays out of it: it calls `escrow_due`.
    """
    _check_escrow_account(before, writes)
    _check_volumes(before, writes, _check_trades(before, writes))
    _check_flow_changes(before, writes)
    check_auctions(before, writes)


def escrow_due(before: Reader, writes: Writes) -> dict[int, int]:
    """What orders and trades put into escrow less what orders took out, by MTU: its change but for what settlement pays.

    Raises InvariantBroken when an order changed as none may.
    """
    due: dict[int, int] = {}
    _check_orders(before, writes, due)
    for (mtu, _), old, trade in TRADES.changes(before, writes):
        if old is None and trade is not None:
            due[mtu] = due.get(mtu, 0) + cost_of(trade)
    return due


def _check_escrow_account(before: Reader, writes: Writes) -> None:
    """The changes of escrow of all MTUs together are the change of the account's balance."""
    held = {mtu: (new or 0) - (old or 0) for (mtu,), old, new in ESCROW.changes(before, writes)}
    key = BALANCES.key(ESCROW_ACCOUNT, Denomination.THB)
    now = writes.get(key) if key in writes else before.get(key)
    was = before.get(key)
    moved = (BALANCES.value(now) if now else 0) - (BALANCES.value(was) if was else 0)
    if moved != sum(held.values()):
        raise InvariantBroken(NAME, f"the escrow account changed by {moved}, escrow of MTUs by {sum(held.values())}")


def _check_orders(before: Reader, writes: Writes, due: dict[int, int]) -> None:
    """Orders only lose energy and never come back; `due` gets the change of what they have in escrow."""
    params: MarketGenesis | None = None
    for (mtu, number), old, new in ORDERS.changes(before, writes):
        params = params or PARAMS.require(before)
        if new is None or not 0 <= new.remaining_wh <= new.energy_wh:
            raise InvariantBroken(NAME, f"order {number} of MTU {mtu} became {new}")
        if old is not None and (
            not is_open(old)
            or new.remaining_wh > old.remaining_wh
            or (new.owner, new.energy_wh, new.limit_micro) != (old.owner, old.energy_wh, old.limit_micro)
        ):
            raise InvariantBroken(NAME, f"order {number} of MTU {mtu} went from {old} to {new}")
        due[mtu] = due.get(mtu, 0) + _held(params, new) - _held(params, old)


def _held(params: MarketGenesis, order: Order | None) -> int:
    return escrow_of(params, order) if order is not None and is_open(order) else 0


def _check_trades(before: Reader, writes: Writes) -> dict[int, int]:
    """Trades are new and inside both limits; returns Wh traded by MTU."""
    traded_wh: dict[int, int] = {}
    for (mtu, number), old, trade in TRADES.changes(before, writes):
        if old is not None or trade is None:
            raise InvariantBroken(NAME, f"trade {number} of MTU {mtu} changed")
        bid = _order_after(before, writes, mtu, trade.buyer_order)
        offer = _order_after(before, writes, mtu, trade.seller_order)
        _check_limits(number, trade, bid, offer)
        traded_wh[mtu] = traded_wh.get(mtu, 0) + trade.energy_wh
    return traded_wh


def _order_after(before: Reader, writes: Writes, mtu: int, number: int) -> Order:
    raw = writes.get(ORDERS.key(mtu, number)) or before.get(ORDERS.key(mtu, number))
    if raw is None:
        raise InvariantBroken(NAME, f"a trade of MTU {mtu} names order {number}, which is not there")
    return ORDERS.value(raw)


def _check_limits(number: int, trade: Trade, bid: Order, offer: Order) -> None:
    paid_micro = trade.price_micro + trade.wheeling_micro + trade.rent_micro
    if trade.price_micro < offer.limit_micro or paid_micro > bid.limit_micro or (trade.rent_micro and not trade.path):
        raise InvariantBroken(NAME, f"trade {number} is outside the limits {offer.limit_micro} and {bid.limit_micro}")
    if not trade.energy_wh or not accepted_sources(bid) & offer.sources:
        raise InvariantBroken(NAME, f"trade {number} is of nothing, or of a source that the buyer does not accept")


def _check_volumes(before: Reader, writes: Writes, traded_wh: dict[int, int]) -> None:
    """Sold, bought and statistics of every MTU grew by what was traded in it; settlement checks positions that it takes trades out of."""
    voiding: dict[int, bool] = {}
    for (mtu, number), was_void, _ in VOIDED.changes(before, writes):
        if was_void is not None or mtu in traded_wh:
            raise InvariantBroken(NAME, f"trade {number} of MTU {mtu} was void and changed, or its MTU still trades")
        voiding[mtu] = True
    sold_wh = dict.fromkeys(traded_wh, 0)
    bought_wh = dict.fromkeys(traded_wh, 0)
    for (mtu, _), was, now in POSITIONS.changes(before, writes):
        if mtu not in voiding and (mtu in traded_wh or now is not None):
            old, new = was or NO_POSITION, now or NO_POSITION
            sold_wh[mtu] = sold_wh.get(mtu, 0) + new.sold_wh - old.sold_wh
            bought_wh[mtu] = bought_wh.get(mtu, 0) + new.bought_wh - old.bought_wh
    volume_wh = {
        mtu: (new or NO_TRADES).volume_wh - (old or NO_TRADES).volume_wh
        for (mtu,), old, new in STATISTICS.changes(before, writes)
    }
    if not traded_wh == sold_wh == bought_wh == volume_wh:
        raise InvariantBroken(NAME, f"traded {traded_wh}, sold {sold_wh}, bought {bought_wh}, counted {volume_wh}")


def _check_flow_changes(before: Reader, writes: Writes) -> None:
    """Flows changed by what continuous trades and new auctions carry, and stay within the capacity of their line."""
    new_trades = ((mtu, new) for (mtu, _), old, new in TRADES.changes(before, writes) if old is None and new is not None)
    due_wh = _continuous_flows(before, new_trades)
    for (mtu,), _, auction in AUCTIONS.changes(before, writes):
        if auction is not None:
            _add_auction(due_wh, mtu, auction)
    for (line, mtu), was_wh, now_wh in FLOWS.changes(before, writes):
        _check_flow(before, line, mtu, now_wh or 0)
        due_wh[line, mtu] = due_wh.get((line, mtu), 0) - (now_wh or 0) + (was_wh or 0)
    wrong = {place: energy_wh for place, energy_wh in due_wh.items() if energy_wh}
    if wrong:
        raise InvariantBroken(NAME, f"flows by (line, MTU) are {wrong} Wh short of what trades carry")


def _check_flow(reader: Reader, line: int, mtu: int, flow_wh: int) -> None:
    capacity = capacities(reader, mtu)
    if not -capacity.backward_wh[line] <= flow_wh <= capacity.forward_wh[line]:
        raise InvariantBroken(NAME, f"line {line} carries {flow_wh} Wh in MTU {mtu}, above its capacity")


def check_whole(reader: Reader) -> None:
    """Escrow is what the account holds; trades, statistics and flows of every MTU agree. Raises InvariantBroken."""
    held = sum(amount for _, amount in ESCROW.scan(reader))
    if held != balance(reader, ESCROW_ACCOUNT, Denomination.THB):
        raise InvariantBroken(NAME, f"escrow of MTUs sums to {held}, the account holds something else")
    volume_wh: dict[int, int] = {}
    for (mtu, _), trade in TRADES.scan(reader):
        volume_wh[mtu] = volume_wh.get(mtu, 0) + trade.energy_wh
    counted = {mtu: found.volume_wh for (mtu,), found in STATISTICS.scan(reader)}
    if volume_wh != counted:
        raise InvariantBroken(NAME, f"trades sum to {volume_wh} by MTU, statistics say {counted}")
    flows = _continuous_flows(reader, ((mtu, trade) for (mtu, _), trade in TRADES.scan(reader)))
    for (mtu,), auction in AUCTIONS.scan(reader):
        _add_auction(flows, mtu, auction)
    known = {place: flow_wh for place, flow_wh in flows.items() if flow_wh}
    if known != {(line, mtu): flow_wh for (line, mtu), flow_wh in FLOWS.scan(reader)}:
        raise InvariantBroken(NAME, "flows are not what the trades carry over the lines")
    for (line, mtu), flow_wh in known.items():
        _check_flow(reader, line, mtu, flow_wh)
    for (number,), mtu in PENDING.scan(reader):
        if not is_open(ORDERS.require(reader, mtu, number)):
            raise InvariantBroken(NAME, f"order {number} is done and waits for matching")
    if any(CANCELS.scan(reader, limit=1)):
        raise InvariantBroken(NAME, "a cancelled order is still to leave the books")
    check_listings(reader)
    check_all_auctions(reader)


def _continuous_flows(reader: Reader, trades: Iterable[tuple[int, Trade]]) -> dict[tuple[int, int], int]:
    """What continuous trades, each with its MTU, carry by line and MTU; those of an auction carry what its clearing says."""
    sent: dict[tuple[int, ZoneId, ZoneId], tuple[Trade, int]] = {}
    for mtu, trade in trades:
        if not trade.path:
            ends = mtu, trade.seller_zone, trade.buyer_zone
            sent[ends] = trade, sent.get(ends, (trade, 0))[1] + trade.energy_wh
    flows: dict[tuple[int, int], int] = {}
    for (mtu, _, _), (trade, energy_wh) in sent.items():
        for hop in trade_hops(reader, mtu, trade):
            flows[hop.line, mtu] = flows.get((hop.line, mtu), 0) + hop.direction * energy_wh
    return flows


def _add_auction(flows: dict[tuple[int, int], int], mtu: int, auction: Auction) -> None:
    for arc in summary_arcs(auction.summary):
        place = arc.line, mtu
        flows[place] = flows.get(place, 0) + arc.direction * arc.energy_wh


def check_books(reader: Reader, books: Books) -> None:
    """The kernel holds exactly the open orders and flows of the state, and no book is crossed unless its matching was interrupted.

    For audits and tests: the kernel is no part of the state. Raises InvariantBroken.
    """
    stopped = INTERRUPTED.get(reader)
    still_open = [mtu for (mtu,), period in PERIODS.scan(reader) if period.phase is Phase.CONTINUOUS]
    for mtu in books.periods():
        if mtu not in still_open:
            raise InvariantBroken(NAME, f"the kernel has a book of MTU {mtu}, which is closed")
        flows = [FLOWS.get(reader, line, mtu) or 0 for line in range(len(books.flows(mtu)))]
        if books.flows(mtu) != flows:
            raise InvariantBroken(NAME, f"MTU {mtu} has flows {books.flows(mtu)} in the kernel, {flows} in the state")
        if books.crossed(mtu) is not None and (stopped is None or stopped.mtu != mtu):
            raise InvariantBroken(NAME, f"the book of MTU {mtu} is crossed")
    for mtu in still_open:
        rows = [
            (number, order.side, zone_number(reader, order.zone), order.sources, order.limit_micro, order.remaining_wh)
            for number, order in resting_orders(reader, mtu)
        ]
        known = books.orders(mtu) if mtu in books.periods() else []
        if known != rows:
            raise InvariantBroken(NAME, f"MTU {mtu} has orders {known} in the kernel, {rows} in the state")
