"""What must hold of trades that are settled: each is paid or paid back once, positions and locks follow."""

from __future__ import annotations

from gridnode.modules.context import After, Writes
from gridnode.modules.market.escrow import cost_of, escrow_of
from gridnode.modules.market.invariants import escrow_due
from gridnode.modules.market.lifecycle import is_open
from gridnode.modules.market.locks import LOCKS, VOIDED, needs_lock
from gridnode.modules.market.tables import ESCROW, ORDERS, POSITIONS, TRADES
from gridnode.modules.market.tables import PARAMS as MARKET_PARAMS
from gridnode.modules.market.trades import NO_POSITION
from gridnode.modules.metering.tables import SUMS
from gridnode.modules.settlement.faults import NAME, expect
from gridnode.modules.settlement.rules import START
from gridnode.modules.settlement.tables import DELIVERIES, PROGRESS, SALES, STATEMENTS, WORKS, Phase, Settled
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.kv import Reader


def check_trades(before: Reader, writes: Writes, gained: dict[str, int]) -> None:
    """Each trade is settled once and escrow pays exactly for those that are; positions lose what is void or in a statement.

    Raises InvariantBroken.
    """
    due = escrow_due(before, writes)
    delivered_wh = 0
    for (mtu, number), was, now in DELIVERIES.changes(before, writes):
        if was is not None or now is None:
            raise InvariantBroken(NAME, f"the delivery of trade {number} of MTU {mtu} changed")
        delivered_wh += now
        due[mtu] = due.get(mtu, 0) - cost_of(TRADES.require(before, mtu, number))
    expect("deliveries", delivered_wh, gained["delivered_wh"])
    held = {mtu: (now or 0) - (was or 0) for (mtu,), was, now in ESCROW.changes(before, writes)}
    for mtu in [*due, *held]:
        expect(f"escrow of MTU {mtu}", held.get(mtu, 0), due.get(mtu, 0))
    _check_settled_escrow(before, writes)
    _check_positions_change(before, writes, gained)
    _check_locks_change(before, writes)


def _check_settled_escrow(before: Reader, writes: Writes) -> None:
    raw = After(before, writes).get(PROGRESS.key())
    settled_until = (PROGRESS.value(raw) if raw else START).mtu
    for (mtu,), _, escrow in ESCROW.changes(before, writes):
        if mtu < settled_until and escrow:
            raise InvariantBroken(NAME, f"MTU {mtu} is settled and has {escrow} in escrow")


def _check_positions_change(before: Reader, writes: Writes, gained: dict[str, int]) -> None:
    """Of an MTU that is being settled: positions and statements together lost what became void, on both sides."""
    kept: dict[int, tuple[int, int]] = {}
    voided_wh = 0
    for (mtu, number), _, _ in VOIDED.changes(before, writes):
        if writes.get(DELIVERIES.key(mtu, number)) is None:
            raise InvariantBroken(NAME, f"trade {number} of MTU {mtu} is void and was not paid back")
        energy_wh = TRADES.require(before, mtu, number).energy_wh
        voided_wh += energy_wh
        sold_wh, bought_wh = kept.get(mtu, (0, 0))
        kept[mtu] = sold_wh + energy_wh, bought_wh + energy_wh
    expect("voided_wh", voided_wh, gained["voided_wh"])
    for (mtu, _), _, statement in STATEMENTS.changes(before, writes):
        if statement is not None:
            sold_wh, bought_wh = kept.get(mtu, (0, 0))
            kept[mtu] = sold_wh + statement.sold_wh, bought_wh + statement.bought_wh
    for (mtu, _), was, now in POSITIONS.changes(before, writes):
        if mtu in kept:
            old, new = was or NO_POSITION, now or NO_POSITION
            sold_wh, bought_wh = kept[mtu]
            kept[mtu] = sold_wh + new.sold_wh - old.sold_wh, bought_wh + new.bought_wh - old.bought_wh
    for mtu, (sold_wh, bought_wh) in kept.items():
        expect(f"sold in MTU {mtu} and accounted for", sold_wh, 0)
        expect(f"bought in MTU {mtu} and accounted for", bought_wh, 0)


def _check_locks_change(before: Reader, writes: Writes) -> None:
    for (mtu, point), was, now in LOCKS.changes(before, writes):
        if now is None:
            if writes.get(STATEMENTS.key(mtu, point)) is None:
                raise InvariantBroken(NAME, f"the lock of {point} for MTU {mtu} was released before it is settled")
        elif was and (now.requested_wh < was.requested_wh or now.acknowledged_wh < was.acknowledged_wh):
            raise InvariantBroken(NAME, f"the lock of {point} for MTU {mtu} fell from {was} to {now}")


def check_trading(reader: Reader, totals: Settled) -> None:
    """Over all rows: deliveries, positions, escrow and locks are those of trades. Raises InvariantBroken."""
    expect("deliveries", sum(energy_wh for _, energy_wh in DELIVERIES.scan(reader)), totals.delivered_wh)
    expect("void trades", sum(1 for _ in VOIDED.scan(reader)), totals.voided)
    for (mtu, number), _ in VOIDED.scan(reader):
        if DELIVERIES.get(reader, mtu, number) != 0:
            raise InvariantBroken(NAME, f"trade {number} of MTU {mtu} is void and was delivered")
    _check_positions(reader)
    _check_escrow(reader)
    _check_locks(reader)


def _check_positions(reader: Reader) -> None:
    """Sold equals bought in each MTU whose points are not being settled, and settled MTUs have no rows."""
    progress = PROGRESS.get(reader) or START
    balances: dict[int, int] = {}
    for (mtu, _), position in POSITIONS.scan(reader):
        balances[mtu] = balances.get(mtu, 0) + position.sold_wh - position.bought_wh
    for mtu, difference in balances.items():
        if mtu < progress.mtu or (difference and (mtu, progress.phase) != (progress.mtu, Phase.TAKING)):
            raise InvariantBroken(NAME, f"MTU {mtu} sold {difference} Wh more than it bought, or is settled")
    for (mtu, point), _ in [*SUMS.scan(reader), *WORKS.scan(reader), *SALES.scan(reader), *LOCKS.scan(reader)]:
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


def _check_locks(reader: Reader) -> None:
    """Locks ask for what sales that need one sum to, until the seller's point is settled; no sale is covered beyond its lock."""
    params = MARKET_PARAMS.require(reader)
    requested: dict[tuple[int, str], int] = {}
    for (mtu, _), trade in TRADES.scan(reader):
        offer = ORDERS.require(reader, mtu, trade.seller_order)
        if needs_lock(params, offer) and not STATEMENTS.has(reader, mtu, trade.seller_point):
            place = mtu, trade.seller_point
            requested[place] = requested.get(place, 0) + trade.energy_wh
    locks = dict(LOCKS.scan(reader))
    if {place: int(lock.requested_wh) for place, lock in locks.items()} != requested:
        raise InvariantBroken(NAME, f"locks are {locks}, sales need {requested}")
    for place, sales in SALES.scan(reader):
        if sales.covered_wh and sales.covered_wh > locks[place].acknowledged_wh:
            raise InvariantBroken(NAME, f"{place} has {sales} under {locks[place]}")
