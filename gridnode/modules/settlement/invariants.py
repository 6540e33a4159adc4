"""What must hold of settlements after every block: energy tokens, works, statements, sums; trades and corrections have own files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gridnode.modules.carbon.tables import EARNED
from gridnode.modules.context import Writes
from gridnode.modules.grid.clock import Prices, tariff_at
from gridnode.modules.grid.tariffs import vat_part
from gridnode.modules.lots.rules import NO_ENERGY
from gridnode.modules.lots.tables import HOLD, LOT_ENERGY, LOTS, Lot
from gridnode.modules.market.tables import BARRED
from gridnode.modules.settlement.correction_invariants import check_corrections, check_rent, check_standing
from gridnode.modules.settlement.desk import FIGURES, NO_WORK, NOTHING, WORK_FIGURES
from gridnode.modules.settlement.faults import NAME, expect
from gridnode.modules.settlement.imbalance import due, vat_of
from gridnode.modules.settlement.rules import START
from gridnode.modules.settlement.tables import (
    ARREARS,
    MTUS,
    OPENING,
    OWNER_STATEMENTS,
    PROGRESS,
    STATEMENTS,
    TOTALS,
    WORKS,
    Settled,
    Statement,
    Work,
)
from gridnode.modules.settlement.takings import SUMMED
from gridnode.modules.settlement.trade_invariants import check_trades, check_trading
from gridnode.modules.token.rules import balance, supply
from gridnode.modules.token.tables import BALANCES, SUPPLY, Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.units import grid_of
from gridnode.state.kv import Reader

OF_WORK: Final = ("delivered_wh", "certified_wh", "credits_nano", "sales", "wheeling", "rent", "fees")
"""Sums that are those of works."""


def check_block(before: Reader, writes: Writes) -> None:
    """Energy tokens follow lots, statements add up and stay, trades are settled once, corrections continue them.

    Raises InvariantBroken.
    """
    old, new = _totals(before, writes)
    gained = dict.fromkeys(FIGURES, 0)
    if new is not old:
        gained = {name: getattr(new, name) - getattr(old, name) for name in FIGURES}
    _check_tokens(before, writes, gained)
    _check_works(before, writes, gained)
    _check_statements(before, writes, gained)
    check_trades(before, writes, gained)
    check_corrections(before, writes)
    check_rent(before, writes, gained["rent"])
    for _, was, now in PROGRESS.changes(before, writes):
        done, reached = (was or START), (now or START)
        if (reached.mtu, reached.phase, reached.trade) < (done.mtu, done.phase, done.trade):
            raise InvariantBroken(NAME, f"settlement went back from {done} to {reached}")


def _totals(before: Reader, writes: Writes) -> tuple[Settled, Settled]:
    for _, old, new in TOTALS.changes(before, writes):
        return old or NOTHING, new or NOTHING
    return NOTHING, NOTHING


def _check_tokens(before: Reader, writes: Writes, gained: dict[str, int]) -> None:
    """GRID grows by lots issued and falls by lots consumed; the hold has as much of it as lots; credits are those of deliveries."""
    burned_wh = gained["self_consumed_wh"] + gained["certified_wh"]
    issued_wh = sum(
        (now or NO_ENERGY).issued_wh - (was or NO_ENERGY).issued_wh
        for _, was, now in LOT_ENERGY.changes(before, writes)
    )
    supplies = {Denomination(of): (now or 0) - (was or 0) for (of,), was, now in SUPPLY.changes(before, writes)}
    expect("supply of GRID", supplies.get(Denomination.GRID, 0), grid_of(issued_wh - burned_wh))
    earned_nano = sum((now or 0) - (was or 0) for _, was, now in EARNED.changes(before, writes))
    expect("credits earned", earned_nano, gained["credits_nano"])
    held_wh = sum(_held_wh(now) - _held_wh(was) for _, was, now in LOTS.changes(before, writes))
    key = BALANCES.key(HOLD, Denomination.GRID)
    if key in writes:
        raw, changed = before.get(key), writes[key]
        moved = (BALANCES.value(changed) if changed else 0) - (BALANCES.value(raw) if raw else 0)
        expect("GRID in the hold", moved, grid_of(held_wh))
    else:
        expect("lots in the hold", held_wh, 0)


def _check_works(before: Reader, writes: Writes, gained: dict[str, int]) -> None:
    """Works and statements together gained what the totals gained; delivered equals received; buyers paid what others got."""
    figures = dict.fromkeys(WORK_FIGURES, 0)
    for was, now in _work_changes(before, writes):
        for name in WORK_FIGURES:
            figures[name] += getattr(now, name) - getattr(was, name)
    for name in OF_WORK:
        expect(name, figures[name], gained[name])
    expect("energy received", figures["received_wh"], gained["delivered_wh"])
    expect("purchases", figures["purchases"], sum(gained[name] for name in ("sales", "wheeling", "rent", "fees")))
    for name in ("voided_sold_wh", "voided_bought_wh"):
        expect(name, figures[name], gained["voided_wh"])


def _work_changes(before: Reader, writes: Writes) -> Iterator[tuple[Work, Work]]:
    for _, was, now in WORKS.changes(before, writes):
        yield was or NO_WORK, now or NO_WORK
    for _, earlier, statement in STATEMENTS.changes(before, writes):
        yield earlier.work if earlier else NO_WORK, statement.work if statement else NO_WORK


def _check_statements(before: Reader, writes: Writes, gained: dict[str, int]) -> None:
    figures = dict.fromkeys(SUMMED, 0)
    tariffs: dict[int, Prices] = {}
    for (mtu, point), earlier, statement in STATEMENTS.changes(before, writes):
        if mtu not in tariffs:
            tariffs[mtu] = tariff_at(before, mtu)
        if earlier is not None or statement is None:
            raise InvariantBroken(NAME, f"the statement of {point} for MTU {mtu} changed")
        _check_statement(tariffs[mtu], statement)
        for name in SUMMED:
            figures[name] += getattr(statement, name)
    for name in SUMMED:
        expect(name, figures[name], gained[name])


def _check_statement(prices: Prices, statement: Statement) -> None:
    """Imbalance is counted and priced once, and no Wh of a lot twice."""
    work = statement.work
    metered = statement.generated_wh - statement.consumed_wh
    traded = statement.sold_wh - statement.bought_wh
    imbalance_wh = statement.excess_wh - statement.lack_wh
    holds = (
        metered - traded == imbalance_wh
        and 0 in (statement.excess_wh, statement.lack_wh)
        and statement.self_consumed_wh + work.delivered_wh <= statement.generated_wh
        and statement.self_consumed_wh + work.certified_wh <= statement.consumed_wh
        and work.certified_wh + work.passed_wh <= work.received_wh <= statement.bought_wh
        and work.delivered_wh <= statement.sold_wh
        and statement.imbalance == abs(due(prices, imbalance_wh))
        and statement.unpaid <= statement.imbalance
        and statement.lack_vat == vat_of(prices, imbalance_wh)
        and statement.wheeling_vat == vat_part(work.wheeling, prices.vat_ppm)
        and work.wheeling + work.rent + work.fees <= work.purchases
    )
    if not holds:
        raise InvariantBroken(NAME, f"a statement does not add up: {statement}")


def check_whole(reader: Reader) -> None:
    """The same over all rows; escrow of every MTU is what its open bids and unsettled trades need. Raises InvariantBroken."""
    totals = TOTALS.get(reader) or NOTHING
    issued_wh = (LOT_ENERGY.get(reader) or NO_ENERGY).issued_wh
    opening = OPENING.get(reader) or 0
    made = grid_of(issued_wh - totals.self_consumed_wh - totals.certified_wh)
    expect("supply of GRID", supply(reader, Denomination.GRID), opening + made)
    expect("credits earned", sum(nano for _, nano in EARNED.scan(reader)), totals.credits_nano)
    held_wh = sum(_held_wh(lot) for _, lot in LOTS.scan(reader))
    expect("GRID in the hold", balance(reader, HOLD, Denomination.GRID), grid_of(held_wh))
    _check_sums(reader, totals)
    check_trading(reader, totals)
    check_standing(reader, totals.rent)
    owing = dict.fromkeys(debtor for (debtor, _), _ in ARREARS.scan(reader))
    if list(owing) != [account for (account,), _ in BARRED.scan(reader)]:
        raise InvariantBroken(NAME, "those who owe are not those who may not order")


def _check_sums(reader: Reader, totals: Settled) -> None:
    by_mtu = [sums for _, sums in MTUS.scan(reader)]
    for name in FIGURES:
        expect(name, sum(getattr(sums, name) for sums in by_mtu), getattr(totals, name))
    statements = []
    for (mtu, point), statement in STATEMENTS.scan(reader):
        _check_statement(tariff_at(reader, mtu), statement)
        if OWNER_STATEMENTS.get(reader, statement.owner, mtu, point) is not True:
            raise InvariantBroken(NAME, f"the statement of {point} for MTU {mtu} is not listed with its owner")
        statements.append(statement)
    expect("points", len(statements), totals.points)
    for name in SUMMED:
        expect(name, sum(getattr(statement, name) for statement in statements), getattr(totals, name))
    works = [statement.work for statement in statements] + [work for _, work in WORKS.scan(reader)]
    for name in OF_WORK:
        expect(name, sum(getattr(work, name) for work in works), getattr(totals, name))
    expect("energy received", sum(work.received_wh for work in works), totals.delivered_wh)


def _held_wh(lot: Lot | None) -> int:
    return lot.energy_wh if lot is not None and lot.owner == HOLD else 0
