"""What must hold of settlements after every block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gridnode.modules.carbon.tables import EARNED
from gridnode.modules.context import Writes
from gridnode.modules.lots.rules import NO_ENERGY
from gridnode.modules.lots.tables import HOLD, LOT_ENERGY, LOTS, Lot
from gridnode.modules.market.escrow import cost_of, escrow_of
from gridnode.modules.market.invariants import escrow_due
from gridnode.modules.market.lifecycle import is_open
from gridnode.modules.market.tables import BARRED, ESCROW, ORDERS, POSITIONS, TRADES
from gridnode.modules.market.tables import PARAMS as MARKET_PARAMS
from gridnode.modules.metering.tables import SUMS
from gridnode.modules.settlement.desk import NO_WORK, NOTHING
from gridnode.modules.settlement.rules import START
from gridnode.modules.settlement.tables import (
    ARREARS,
    DELIVERIES,
    MTUS,
    OPENING,
    PROGRESS,
    STATEMENTS,
    TOTALS,
    WORKS,
    Phase,
    Settled,
    Statement,
    Work,
)
from gridnode.modules.token.rules import balance, supply
from gridnode.modules.token.tables import BALANCES, SUPPLY, Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.units import grid_of
from gridnode.state.kv import Reader

NAME: Final = "settlement"


def check_block(before: Reader, writes: Writes) -> None:
    """Energy tokens follow lots, delivered is received, statements add up and stay, nothing settled is in escrow.

    Raises InvariantBroken.
    """
    totals = _gained_totals(before, writes)
    _check_tokens(before, writes, *totals)
    _check_works(before, writes, *totals)
    _check_deliveries(before, writes, *totals)
    for _, old_progress, progress in PROGRESS.changes(before, writes):
        done, now = (old_progress or START), (progress or START)
        for (mtu,), _, escrow in ESCROW.changes(before, writes):
            if mtu < now.mtu and escrow:
                raise InvariantBroken(NAME, f"MTU {mtu} is settled and has {escrow} in escrow")
        if (now.mtu, now.phase, now.trade) < (done.mtu, done.phase, done.trade):
            raise InvariantBroken(NAME, f"settlement went back from {done} to {now}")


def _check_deliveries(before: Reader, writes: Writes, old: Settled, new: Settled) -> None:
    """Each trade is delivered once, and escrow pays exactly for those that are."""
    due = escrow_due(before, writes)
    delivered_wh = 0
    for (mtu, number), was, now in DELIVERIES.changes(before, writes):
        if was is not None or now is None:
            raise InvariantBroken(NAME, f"the delivery of trade {number} of MTU {mtu} changed")
        delivered_wh += now
        due[mtu] = due.get(mtu, 0) - cost_of(TRADES.require(before, mtu, number))
    _expect("deliveries", delivered_wh, new.delivered_wh - old.delivered_wh)
    held = {mtu: (now or 0) - (was or 0) for (mtu,), was, now in ESCROW.changes(before, writes)}
    for mtu in [*due, *held]:
        _expect(f"escrow of MTU {mtu}", held.get(mtu, 0), due.get(mtu, 0))


def _gained_totals(before: Reader, writes: Writes) -> tuple[Settled, Settled]:
    for _, old, new in TOTALS.changes(before, writes):
        return old or NOTHING, new or NOTHING
    return NOTHING, NOTHING


def _check_tokens(before: Reader, writes: Writes, old: Settled, new: Settled) -> None:
    burned_wh = _burned_wh(new) - _burned_wh(old)
    issued_wh = sum(
        (now or NO_ENERGY).issued_wh - (was or NO_ENERGY).issued_wh
        for _, was, now in LOT_ENERGY.changes(before, writes)
    )
    supplies = {Denomination(of): (now or 0) - (was or 0) for (of,), was, now in SUPPLY.changes(before, writes)}
    _expect("supply of GRID", supplies.get(Denomination.GRID, 0), grid_of(issued_wh - burned_wh))
    earned_nano = sum((now or 0) - (was or 0) for _, was, now in EARNED.changes(before, writes))
    _expect("credits earned", earned_nano, new.credits_nano - old.credits_nano)
    held_wh = sum(_held_wh(now) - _held_wh(was) for _, was, now in LOTS.changes(before, writes))
    key = BALANCES.key(HOLD, Denomination.GRID)
    if key in writes:
        was, now = before.get(key), writes[key]
        moved = (BALANCES.value(now) if now else 0) - (BALANCES.value(was) if was else 0)
        _expect("GRID in the hold", moved, grid_of(held_wh))
    else:
        _expect("lots in the hold", held_wh, 0)


def _check_works(before: Reader, writes: Writes, old: Settled, new: Settled) -> None:
    """Works and statements together gained what the totals gained, and delivered equals received."""
    delivered_wh = received_wh = certified_wh = credits_nano = sales = self_consumed_wh = 0
    for was, now in _work_changes(before, writes):
        delivered_wh += now.delivered_wh - was.delivered_wh
        received_wh += now.received_wh - was.received_wh
        certified_wh += now.certified_wh - was.certified_wh
        credits_nano += now.credits_nano - was.credits_nano
        sales += now.sales - was.sales
    for (mtu, point), earlier, statement in STATEMENTS.changes(before, writes):
        if earlier is not None or statement is None:
            raise InvariantBroken(NAME, f"the statement of {point} for MTU {mtu} changed")
        _check_statement(statement)
        self_consumed_wh += statement.self_consumed_wh
    _expect("energy received", received_wh, delivered_wh)
    for name, amount in (
        ("delivered_wh", delivered_wh),
        ("certified_wh", certified_wh),
        ("credits_nano", credits_nano),
        ("sales", sales),
        ("self_consumed_wh", self_consumed_wh),
    ):
        _expect(name, amount, getattr(new, name) - getattr(old, name))


def _work_changes(before: Reader, writes: Writes) -> Iterator[tuple[Work, Work]]:
    for _, was, now in WORKS.changes(before, writes):
        yield was or NO_WORK, now or NO_WORK
    for _, earlier, statement in STATEMENTS.changes(before, writes):
        yield earlier.work if earlier else NO_WORK, statement.work if statement else NO_WORK


def _check_statement(statement: Statement) -> None:
    """Imbalance is counted once, and no Wh of a lot twice."""
    work = statement.work
    metered = statement.generated_wh - statement.consumed_wh
    traded = statement.sold_wh - statement.bought_wh
    holds = (
        metered - traded == statement.excess_wh - statement.lack_wh
        and 0 in (statement.excess_wh, statement.lack_wh)
        and statement.self_consumed_wh + work.delivered_wh <= statement.generated_wh
        and statement.self_consumed_wh + work.certified_wh <= statement.consumed_wh
        and work.certified_wh + work.passed_wh <= work.received_wh <= statement.bought_wh
        and work.delivered_wh <= statement.sold_wh
        and statement.unpaid <= statement.imbalance
    )
    if not holds:
        raise InvariantBroken(NAME, f"a statement does not add up: {statement}")


def check_whole(reader: Reader) -> None:
    """The same over all rows; escrow of every MTU is what its open bids and undelivered trades need. Raises InvariantBroken."""
    totals = TOTALS.get(reader) or NOTHING
    issued_wh = (LOT_ENERGY.get(reader) or NO_ENERGY).issued_wh
    opening = OPENING.get(reader) or 0
    made = grid_of(issued_wh - _burned_wh(totals))
    _expect("supply of GRID", supply(reader, Denomination.GRID), opening + made)
    _expect("credits earned", sum(nano for _, nano in EARNED.scan(reader)), totals.credits_nano)
    held_wh = sum(_held_wh(lot) for _, lot in LOTS.scan(reader))
    _expect("GRID in the hold", balance(reader, HOLD, Denomination.GRID), grid_of(held_wh))
    _expect("deliveries", sum(energy_wh for _, energy_wh in DELIVERIES.scan(reader)), totals.delivered_wh)
    _check_sums(reader, totals)
    _check_positions(reader)
    _check_escrow(reader)
    owing = dict.fromkeys(debtor for (debtor, _), _ in ARREARS.scan(reader))
    if list(owing) != [account for (account,), _ in BARRED.scan(reader)]:
        raise InvariantBroken(NAME, "those who owe are not those who may not bid")


def _check_sums(reader: Reader, totals: Settled) -> None:
    by_mtu = [sums for _, sums in MTUS.scan(reader)]
    statements = [statement for _, statement in STATEMENTS.scan(reader)]
    for statement in statements:
        _check_statement(statement)
    for name in ("points", "delivered_wh", "excess_wh", "lack_wh", "sales", "credits_nano"):
        _expect(name, sum(getattr(sums, name) for sums in by_mtu), getattr(totals, name))
    _expect("points", len(statements), totals.points)
    for name in ("self_consumed_wh", "excess_wh", "lack_wh", "generated_wh", "unpaid"):
        _expect(name, sum(getattr(statement, name) for statement in statements), getattr(totals, name))
    works = [statement.work for statement in statements] + [work for _, work in WORKS.scan(reader)]
    _expect("received", sum(work.received_wh for work in works), totals.delivered_wh)
    _expect("certified", sum(work.certified_wh for work in works), totals.certified_wh)


def _check_positions(reader: Reader) -> None:
    """Sold equals bought in each MTU whose points are not being settled, and settled MTUs have no rows."""
    progress = PROGRESS.get(reader) or START
    balances: dict[int, int] = {}
    for (mtu, _), position in POSITIONS.scan(reader):
        balances[mtu] = balances.get(mtu, 0) + position.sold_wh - position.bought_wh
    for mtu, difference in balances.items():
        if mtu < progress.mtu or (difference and (mtu, progress.phase) != (progress.mtu, Phase.TAKING)):
            raise InvariantBroken(NAME, f"MTU {mtu} sold {difference} Wh more than it bought, or is settled")
    for (mtu, point), _ in [*SUMS.scan(reader), *WORKS.scan(reader)]:
        if mtu < progress.mtu:
            raise InvariantBroken(NAME, f"{point} has rows of MTU {mtu}, which is settled")


def _check_escrow(reader: Reader) -> None:
    params = MARKET_PARAMS.require(reader)
    due: dict[int, int] = {}
    for (mtu, _), order in ORDERS.scan(reader):
        if is_open(order):
            due[mtu] = due.get(mtu, 0) + escrow_of(params, order)
    for (mtu, number), trade in TRADES.scan(reader):
        if DELIVERIES.get(reader, mtu, number) is None:
            due[mtu] = due.get(mtu, 0) + cost_of(trade)
    held = {mtu: int(amount) for (mtu,), amount in ESCROW.scan(reader)}
    if held != {mtu: amount for mtu, amount in due.items() if amount}:
        raise InvariantBroken(NAME, f"escrow by MTU is {held}, bids and trades need {due}")


def _burned_wh(sums: Settled) -> int:
    return sums.self_consumed_wh + sums.certified_wh


def _held_wh(lot: Lot | None) -> int:
    return lot.energy_wh if lot is not None and lot.owner == HOLD else 0


def _expect(what: str, got: int, expected: int) -> None:
    if got != expected:
        raise InvariantBroken(NAME, f"{what}: expected {expected}, got {got}")
