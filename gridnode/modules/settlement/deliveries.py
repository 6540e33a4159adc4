"""Trades are settled: escrow pays, lots go from seller to buyer; rules 4 to 7 of the chapter."""

from __future__ import annotations

from collections.abc import Iterator

from gridnode.modules.lots.rules import give, retire_held
from gridnode.modules.lots.tables import HOLD, LOTS, Lot
from gridnode.modules.market.auction_tables import CONGESTION
from gridnode.modules.market.escrow import add_escrow, cost_of
from gridnode.modules.market.tables import PARAMS as MARKET_PARAMS
from gridnode.modules.market.tables import TRADES, Trade
from gridnode.modules.registry.tables import Source
from gridnode.modules.settlement.allocation import allotted, with_delivery
from gridnode.modules.settlement.desk import Account, Desk
from gridnode.modules.settlement.tables import DELIVERIES, Sales
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import PointId
from gridnode.primitives.units import cost


def settle_trades(desk: Desk, after: int, steps: int) -> list[int]:
    """Settle at most `steps` trades with a number above `after`, ascending, void ones skipped; returns the numbers of all."""
    numbers = []
    paid = 0
    for (_, number), trade in TRADES.scan(desk.state, desk.mtu, after=(desk.mtu, after), limit=steps):
        numbers.append(number)
        if DELIVERIES.has(desk.state, desk.mtu, number):
            continue
        paid += _pay(desk, trade)
        delivered_wh = _deliver(desk, trade)
        DELIVERIES.put(desk.state, desk.mtu, number, delivered_wh)
        desk.gained["trades"] += 1
        desk.gained["sold_wh"] += trade.energy_wh
        desk.gained["delivered_wh"] += delivered_wh
    if paid:
        add_escrow(desk.state, desk.mtu, -paid)
    desk.payments.pay()
    return numbers


def _pay(desk: Desk, trade: Trade) -> int:
    """Share out what the buyer has in escrow for a trade; returns it."""
    energy_wh, payments = trade.energy_wh, desk.payments
    sales, fee = cost(energy_wh, trade.price_micro), cost(energy_wh, trade.fee_micro)
    rent, wheeling = cost(energy_wh, trade.rent_micro), 0
    payments.from_escrow(trade.seller, sales)
    for share in desk.shares(trade):
        part = cost(energy_wh, share.micro_per_kwh)
        payments.from_escrow(share.account, part)
        wheeling += part
    if wheeling != cost(energy_wh, trade.wheeling_micro):
        raise InvariantBroken("settlement", f"shares of wheeling sum to {wheeling} for {trade}")
    payments.from_escrow(CONGESTION, rent)
    payments.from_escrow(MARKET_PARAMS.require(desk.state).fee_account, fee)
    seller, buyer, gained = desk.work(trade.seller_point), desk.work(trade.buyer_point), desk.gained
    seller["sales"] += sales
    gained["sales"] += sales
    buyer["purchases"] += cost_of(trade)
    for name, amount in (("wheeling", wheeling), ("rent", rent), ("fees", fee)):
        buyer[name] += amount
        gained[name] += amount
    return cost_of(trade)


def _deliver(desk: Desk, trade: Trade) -> int:
    """Move the lots that are the trade's share of what its seller can deliver; returns the Wh that went."""
    seller = desk.account(trade.seller_point)
    sales = _allotted(desk, trade.seller_point, seller)
    sales, wanted_wh = with_delivery(sales, trade.source, trade.energy_wh)
    desk.set_sales(trade.seller_point, sales)
    left_wh = wanted_wh
    for number, lot in _held_lots(desk, seller):
        if not left_wh:
            break
        if lot.source == trade.source:
            part_wh = min(lot.energy_wh, left_wh)
            _receive(desk, trade, number, part_wh)
            left_wh -= part_wh
    if left_wh:
        raise InvariantBroken("settlement", f"lots lack {left_wh} Wh that were to be delivered for {trade}")
    desk.work(trade.seller_point)["delivered_wh"] += wanted_wh
    return wanted_wh


def _allotted(desk: Desk, point: PointId, seller: Account) -> Sales:
    """What a seller sold, with what can be delivered of it; found out before its first delivery."""
    sales = desk.sales(point)
    if sales.is_allotted:
        return sales
    lots_wh: dict[Source, int] = {}
    for _, lot in _held_lots(desk, seller):
        lots_wh[lot.source] = lots_wh.get(lot.source, 0) + lot.energy_wh
    return allotted(sales, lots_wh, seller.surplus_wh)


def _held_lots(desk: Desk, account: Account) -> Iterator[tuple[int, Lot]]:
    """Lots of a point's own generation that are left in the hold, ascending by number."""
    for number in account.sums.lots:
        lot = LOTS.require(desk.state, number)
        if lot.owner == HOLD:
            yield number, lot


def _receive(desk: Desk, trade: Trade, number: int, energy_wh: int) -> None:
    """Use energy of a seller's lot for the buyer: consume what it lacks, pass on its excess, keep the rest."""
    buyer, work = desk.account(trade.buyer_point), desk.work(trade.buyer_point)
    context, payments = desk.context, desk.payments
    certified = min(energy_wh, buyer.lack_wh - work["certified_wh"])
    passed = min(energy_wh - certified, max(0, buyer.imbalance_wh) - work["passed_wh"])
    kept = energy_wh - certified - passed
    if certified:
        retire_held(context, number, certified, trade.buyer)
        payments.consumed(certified)
    if passed:
        dso = desk.dso(buyer.place.zone)
        give(context, number, passed, dso)
        payments.energy(dso, passed)
    if kept:
        give(context, number, kept, trade.buyer)
        payments.energy(trade.buyer, kept)
    credits_nano = payments.earns(trade.buyer, trade.source, energy_wh) if trade.buyer != trade.seller else 0
    work["received_wh"] += energy_wh
    work["certified_wh"] += certified
    work["passed_wh"] += passed
    work["credits_nano"] += credits_nano
    desk.gained["certified_wh"] += certified
    desk.gained["credits_nano"] += credits_nano
