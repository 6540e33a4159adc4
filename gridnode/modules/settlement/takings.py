"""Points are settled: own lots are consumed, sold to the DSO or kept, the imbalance is paid; rules 8 and 9 of the chapter."""

from __future__ import annotations

from gridnode.modules.grid.tariffs import vat_part
from gridnode.modules.lots.rules import give, retire_held
from gridnode.modules.lots.tables import HOLD, LOTS
from gridnode.modules.market.locks import release_lock
from gridnode.modules.market.rules import drop_position
from gridnode.modules.market.tables import POSITIONS
from gridnode.modules.metering.points import drop_sum
from gridnode.modules.metering.tables import SUMS, Quality
from gridnode.modules.settlement.arrears import pay_or_owe
from gridnode.modules.settlement.desk import Account, Desk
from gridnode.modules.settlement.events import PointSettled
from gridnode.modules.settlement.imbalance import due, vat_of
from gridnode.modules.settlement.tables import OWNER_STATEMENTS, STATEMENTS, Statement
from gridnode.primitives.ids import Address, PointId
from gridnode.primitives.units import Amount, EnergyWh, Mtu

SUMMED = (
    "generated_wh",
    "consumed_wh",
    "self_consumed_wh",
    "excess_wh",
    "lack_wh",
    "unpaid",
    "lack_vat",
    "wheeling_vat",
)
"""Figures of statements that are summed as they are."""


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
    account, work = desk.account(point), desk.drop(point)
    dso, owner = desk.dso(account.place.zone), account.place.owner
    to_sell_wh = max(0, account.imbalance_wh) - work.passed_wh
    self_consumed_wh = _use_lots(desk, account, to_sell_wh, dso)
    unpaid = _pay_imbalance(desk, account, dso)
    statement = Statement(
        owner,
        account.place.zone,
        Quality(account.sums.quality),
        account.sums.generated_wh,
        account.sums.consumed_wh,
        account.position.sold_wh,
        account.position.bought_wh,
        work,
        EnergyWh(self_consumed_wh),
        EnergyWh(max(0, account.imbalance_wh)),
        EnergyWh(max(0, -account.imbalance_wh)),
        Amount(abs(due(desk.prices, account.imbalance_wh))),
        Amount(unpaid),
        Amount(vat_of(desk.prices, account.imbalance_wh)),
        Amount(vat_part(work.wheeling, desk.prices.vat_ppm)),
    )
    STATEMENTS.put(desk.state, desk.mtu, point, statement)
    OWNER_STATEMENTS.put(desk.state, owner, desk.mtu, point, True)
    drop_sum(desk.state, desk.mtu, point)
    drop_position(desk.state, desk.mtu, point)
    _count(desk, statement)
    desk.context.emit(
        PointSettled(Mtu(desk.mtu), point, account.imbalance_wh, statement.imbalance, statement.unpaid)
    )
    release_lock(desk.context, desk.mtu, point)


def _use_lots(desk: Desk, account: Account, to_sell_wh: int, dso: Address) -> int:
    """Retire own lots for own consumption, sell the excess to the DSO, keep the rest; returns the Wh that were retired.

    There may be fewer lots than the point consumed of its own: what no lot covers is consumed without a certificate, and no GRID burns
    for it.
    """
    context, payments, owner = desk.context, desk.payments, account.place.owner
    own_wh: int = min(account.sums.generated_wh, account.sums.consumed_wh)
    to_consume_wh: int = own_wh
    for number in account.sums.lots:
        lot = LOTS.require(desk.state, number)
        if lot.owner != HOLD:
            continue
        own: int = min(lot.energy_wh, to_consume_wh)
        sold: int = min(lot.energy_wh - own, to_sell_wh)
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
        to_consume_wh -= own
        to_sell_wh -= sold
    return own_wh - to_consume_wh


def _pay_imbalance(desk: Desk, account: Account, dso: Address) -> int:
    """Pay excess or lack at the tariff of the MTU; returns what of it is owed now, 1e-9 THB."""
    amount, owner = due(desk.prices, account.imbalance_wh), account.place.owner
    if amount > 0:
        desk.gained["excess_paid"] += amount
        return pay_or_owe(desk.context, dso, owner, amount)
    desk.gained["lack_paid"] -= amount
    return pay_or_owe(desk.context, owner, dso, -amount)


def _count(desk: Desk, statement: Statement) -> None:
    gained = desk.gained
    gained["points"] += 1
    gained["estimated"] += statement.quality is Quality.ESTIMATED
    for name in SUMMED:
        gained[name] += getattr(statement, name)
