"""Trades are settled: escrow pays, lots go from seller to buyer; rules 2 to 5 of the chapter."""

from __future__ import annotations

from gridnode.modules.lots.rules import give, retire_held
from gridnode.modules.lots.tables import HOLD, LOTS
from gridnode.modules.market.escrow import add_escrow, cost_of
from gridnode.modules.market.tables import PARAMS as MARKET_PARAMS
from gridnode.modules.market.tables import TRADES, Trade
from gridnode.modules.settlement.desk import Desk
from gridnode.modules.settlement.tables import DELIVERIES, Work
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.units import Amount, EnergyWh, cost


def settle_trades(desk: Desk, after: int, steps: int) -> list[int]:
    """Settle at most `steps` trades with a number above `after`, ascending, and pay for them; returns their numbers."""
    numbers = []
    paid = 0
    for (_, number), trade in TRADES.scan(desk.state, desk.mtu, after=(desk.mtu, after), limit=steps):
        paid += _pay(desk, trade)
        delivered_wh = _deliver(desk, trade)
        DELIVERIES.put(desk.state, desk.mtu, number, delivered_wh)
        desk.gained["trades"] += 1
        desk.gained["sold_wh"] += trade.energy_wh
        desk.gained["delivered_wh"] += delivered_wh
        numbers.append(number)
    if numbers:
        add_escrow(desk.state, desk.mtu, -paid)
        desk.payments.pay()
    return numbers


def _pay(desk: Desk, trade: Trade) -> int:
    """Share out what the buyer has in escrow for a trade; returns it."""
    energy_wh = trade.energy_wh
    sales, fee = cost(energy_wh, trade.price_micro), cost(energy_wh, trade.fee_micro)
    wheeling = 0
    desk.payments.from_escrow(trade.seller, sales)
    for share in desk.shares(trade.seller_zone, trade.buyer_zone):
        part = cost(energy_wh, share.micro_per_kwh)
        desk.payments.from_escrow(share.account, part)
        wheeling += part
    if wheeling != cost(energy_wh, trade.wheeling_micro):
        raise InvariantBroken("settlement", f"shares of wheeling sum to {wheeling} for {trade}")
    desk.payments.from_escrow(MARKET_PARAMS.require(desk.state).fee_account, fee)
    for name, amount in (("sales", sales), ("wheeling", wheeling), ("fees", fee)):
        desk.gained[name] += amount
    seller = desk.work(trade.seller_point)
    desk.set_work(trade.seller_point, _plus(seller, sales=sales))
    buyer = desk.work(trade.buyer_point)
    desk.set_work(trade.buyer_point, _plus(buyer, purchases=sales + wheeling + fee))
    return cost_of(trade)


def _deliver(desk: Desk, trade: Trade) -> int:
    """Move lots of the source sold, as far as the seller's surplus goes; returns the Wh that went."""
    seller = desk.account(trade.seller_point)
    wanted = min(trade.energy_wh, seller.surplus_wh - desk.work(trade.seller_point).delivered_wh)
    delivered_wh = 0
    for number in seller.sums.lots:
        if delivered_wh == wanted:
            break
        lot = LOTS.require(desk.state, number)
        if lot.owner == HOLD and lot.source == trade.source:
            part = min(lot.energy_wh, wanted - delivered_wh)
            _receive(desk, trade, number, part)
            delivered_wh += part
    if delivered_wh:
        work = desk.work(trade.seller_point)
        desk.set_work(trade.seller_point, _plus(work, delivered_wh=delivered_wh))
    return delivered_wh


def _receive(desk: Desk, trade: Trade, number: int, energy_wh: int) -> None:
    """Use energy of a seller's lot for the buyer: consume what it lacks, pass on its excess, keep the rest."""
    buyer, work = desk.account(trade.buyer_point), desk.work(trade.buyer_point)
    context, payments = desk.context, desk.payments
    certified = min(energy_wh, buyer.lack_wh - work.certified_wh)
    passed = min(energy_wh - certified, max(0, buyer.imbalance_wh) - work.passed_wh)
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
    desk.gained["certified_wh"] += certified
    desk.gained["credits_nano"] += credits_nano
    used = _plus(work, received_wh=energy_wh, certified_wh=certified, passed_wh=passed, credits_nano=credits_nano)
    desk.set_work(trade.buyer_point, used)


def _plus(
    work: Work,
    delivered_wh: int = 0,
    received_wh: int = 0,
    certified_wh: int = 0,
    passed_wh: int = 0,
    sales: int = 0,
    purchases: int = 0,
    credits_nano: int = 0,
) -> Work:
    """`work` with these figures added."""
    return Work(
        EnergyWh(work.delivered_wh + delivered_wh),
        EnergyWh(work.received_wh + received_wh),
        EnergyWh(work.certified_wh + certified_wh),
        EnergyWh(work.passed_wh + passed_wh),
        Amount(work.sales + sales),
        Amount(work.purchases + purchases),
        work.credits_nano + credits_nano,
    )
