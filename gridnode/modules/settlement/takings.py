"""Points are settled: own lots are consumed, sold to the DSO or kept, the imbalance is paid; rules 6 and 7 of the chapter."""

from __future__ import annotations

from gridnode.modules.lots.rules import give, retire_held
from gridnode.modules.lots.tables import HOLD, LOTS
from gridnode.modules.market.rules import drop_position
from gridnode.modules.market.tables import POSITIONS
from gridnode.modules.metering.points import drop_sum
from gridnode.modules.metering.tables import SUMS
from gridnode.modules.settlement.arrears import pay_or_owe
from gridnode.modules.settlement.desk import Account, Desk
from gridnode.modules.settlement.events import PointSettled
from gridnode.modules.settlement.tables import STATEMENTS, Statement, Work
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import Address, PointId
from gridnode.primitives.units import Amount, EnergyWh, Mtu, cost


def settle_points(desk: Desk, steps: int) -> int:
    """Settle at most `steps` points that have readings or trades and are not settled, by name; returns how many."""
    metered = [point for (_, point), _ in SUMS.scan(desk.state, desk.mtu, limit=steps)]
    traded = [point for (_, point), _ in POSITIONS.scan(desk.state, desk.mtu, limit=steps)]
    points = sorted(dict.fromkeys(metered + traded))[:steps]
    for point in points:
        _settle(desk, point)
    desk.payments.pay()
    return len(points)


def _settle(desk: Desk, point: PointId) -> None:
    account, work = desk.account(point), desk.work(point)
    dso = desk.dso(account.place.zone)
    self_consumed_wh = _use_lots(desk, account, work, dso)
    imbalance, unpaid = _pay_imbalance(desk, account, dso)
    excess_wh, lack_wh = max(0, account.imbalance_wh), max(0, -account.imbalance_wh)
    statement = Statement(
        account.place.owner,
        account.place.zone,
        account.sums.generated_wh,
        account.sums.consumed_wh,
        account.position.sold_wh,
        account.position.bought_wh,
        work,
        EnergyWh(self_consumed_wh),
        EnergyWh(excess_wh),
        EnergyWh(lack_wh),
        Amount(imbalance),
        Amount(unpaid),
    )
    STATEMENTS.put(desk.state, desk.mtu, point, statement)
    drop_sum(desk.state, desk.mtu, point)
    drop_position(desk.state, desk.mtu, point)
    desk.drop_work(point)
    _count(desk, statement)
    desk.context.emit(
        PointSettled(Mtu(desk.mtu), point, account.imbalance_wh, statement.imbalance, statement.unpaid)
    )


def _use_lots(desk: Desk, account: Account, work: Work, dso: Address) -> int:
    """Retire own lots for own consumption, sell the excess to the DSO, keep the rest; returns the Wh consumed."""
    context, payments, owner = desk.context, desk.payments, account.place.owner
    to_consume: int = min(account.sums.generated_wh, account.sums.consumed_wh)
    self_consumed_wh = to_consume
    to_sell = max(0, account.imbalance_wh) - work.passed_wh
    for number in account.sums.lots:
        lot = LOTS.require(desk.state, number)
        if lot.owner != HOLD:
            continue
        own = min(lot.energy_wh, to_consume)
        sold = min(lot.energy_wh - own, to_sell)
        kept = lot.energy_wh - own - sold
        if own:
            retire_held(context, number, own, owner)
            payments.consumed(own)
        if sold:
            give(context, number, sold, dso)
            payments.energy(dso, sold)
        if kept:
            give(context, number, kept, owner)
            payments.energy(owner, kept)
        to_consume -= own
        to_sell -= sold
    if to_consume:
        raise InvariantBroken("settlement", f"lots of {account} lack {to_consume} Wh of what it consumed itself")
    return self_consumed_wh


def _pay_imbalance(desk: Desk, account: Account, dso: Address) -> tuple[int, int]:
    """Pay excess or lack at the tariff; returns what was due and what of it is owed now, 1e-9 THB."""
    prices, energy_wh = desk.prices(), account.imbalance_wh
    if energy_wh > 0:
        due = cost(energy_wh, prices.feed_in_micro_per_kwh)
        desk.gained["excess_paid"] += due
        return due, pay_or_owe(desk.context, dso, account.place.owner, due)
    due = cost(-energy_wh, prices.retail_micro_per_kwh)
    desk.gained["lack_paid"] += due
    return due, pay_or_owe(desk.context, account.place.owner, dso, due)


def _count(desk: Desk, statement: Statement) -> None:
    gained = desk.gained
    gained["points"] += 1
    gained["generated_wh"] += statement.generated_wh
    gained["consumed_wh"] += statement.consumed_wh
    gained["self_consumed_wh"] += statement.self_consumed_wh
    gained["excess_wh"] += statement.excess_wh
    gained["lack_wh"] += statement.lack_wh
    gained["unpaid"] += statement.unpaid
