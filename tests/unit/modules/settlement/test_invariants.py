"""Invariants of lots, metering, market and settlement notice each row that a broken rule could leave behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gridnode._native.book import Books
from gridnode.execution.registry import MODULES
from gridnode.modules.lots.tables import HOLD, LOT_ENERGY, LOTS, NEXT, OWNED
from gridnode.modules.market.invariants import check_books
from gridnode.modules.market.tables import (
    BARRED,
    CANCELS,
    ESCROW,
    ESCROW_ACCOUNT,
    FLOWS,
    ORDERS,
    PENDING,
    POSITIONS,
    STATISTICS,
    TRADES,
    OrderStatus,
)
from gridnode.modules.metering.tables import METERED, MTUS, READINGS, SUMS
from gridnode.modules.settlement import tables as settlement
from gridnode.modules.token.tables import BALANCES, SUPPLY, Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.kv import Reader
from gridnode.state.overlay import State
from tests.energy_world import MTU_MS, World, account, bid, offer, reading, sheet, two_zones

Damage = Callable[[State], None]
FIRST = 566_666_668
"""MTU that is settled; the one after it is traded, measured and waits; a third has open orders."""


def _world() -> World:
    world = two_zones()
    for mtu in (FIRST, FIRST + 1, FIRST + 20):
        world.ok(sheet("alice", mtu, offer(mtu, 100, 2_000_000), offer(mtu, 50, 4_000_000)))
        world.ok(sheet("carol", mtu, bid(mtu, 80, 5_000_000), bid(mtu, 60, 1_000_000)))
    for mtu in (FIRST, FIRST + 1):
        world.until((mtu + 1) * MTU_MS)
        world.ok(("bob", [reading("alice-pv", mtu, generated_wh=200), reading("carol-load", mtu, consumed_wh=60)]))
    world.settle(FIRST)
    assert list(SUMS.scan(world.reader, FIRST)) == []
    assert list(SUMS.scan(world.reader, FIRST + 1)) != []
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return _world()


def _lot(number: int, **changes: object) -> Damage:
    return lambda state: LOTS.put(state, number, replace(LOTS.require(state, number), **changes))


def _order(mtu: int, number: int, **changes: object) -> Damage:
    return lambda state: ORDERS.put(state, mtu, number, replace(ORDERS.require(state, mtu, number), **changes))


def _trade(mtu: int, number: int, **changes: object) -> Damage:
    return lambda state: TRADES.put(state, mtu, number, replace(TRADES.require(state, mtu, number), **changes))


def _statement(point: str, **changes: object) -> Damage:
    def damage(state: State) -> None:
        found = settlement.STATEMENTS.require(state, FIRST, point)
        settlement.STATEMENTS.put(state, FIRST, point, replace(found, **changes))

    return damage


def _add(table: object, key: tuple[object, ...], field: str) -> Damage:
    def damage(state: State) -> None:
        found = table.require(state, *key)  # type: ignore[attr-defined]
        table.put(state, *key, replace(found, **{field: getattr(found, field) + 1}))  # type: ignore[attr-defined]

    return damage


def _mint(holder: bytes, denomination: Denomination) -> Damage:
    def damage(state: State) -> None:
        BALANCES.put(state, holder, denomination, (BALANCES.get(state, holder, denomination) or 0) + 1)
        SUPPLY.put(state, denomination, (SUPPLY.get(state, denomination) or 0) + 1)

    return damage


BLOCK_AND_WHOLE: dict[str, Damage] = {
    "a lot grows": _lot(2, energy_wh=201),
    "a lot of the hold goes to somebody, unlisted": _lot(2, owner=account("bob")),
    "a lot is empty": _lot(2, energy_wh=0),
    "a certificate of nobody": _lot(2, retired_ms=1),
    "a lot vanishes": lambda state: LOTS.delete(state, 2),
    "lots issued miscounted": _add(LOT_ENERGY, (), "issued_wh"),
    "lots retired miscounted": _add(LOT_ENERGY, (), "retired_wh"),
    "an MTU's readings miscounted": _add(MTUS, (FIRST,), "consumed_wh"),
    "all readings miscounted": _add(METERED, (), "readings"),
    "a reading changes": _add(READINGS, ("alice-pv", FIRST), "generated_wh"),
    "escrow without money": lambda state: ESCROW.put(state, FIRST + 1, 1),
    "money without escrow": _mint(ESCROW_ACCOUNT, Denomination.THB),
    "a volume miscounted": _add(STATISTICS, (FIRST + 1,), "volume_wh"),
    "a trade grows": _trade(FIRST + 1, 2, energy_wh=81),
    "a line above its capacity": lambda state: FLOWS.put(state, 0, FIRST + 1, 40_001),
    "GRID from nowhere": _mint(account("bob"), Denomination.GRID),
    "CO2 from nowhere": _mint(account("bob"), Denomination.CO2),
    "GRID in the hold without a lot": _mint(HOLD, Denomination.GRID),
    "a sale beyond the purchases": _add(POSITIONS, (FIRST + 1, "alice-point"), "sold_wh"),
    "a delivery miscounted": lambda state: settlement.DELIVERIES.put(state, FIRST, 1, 61),
    "a statement that does not add up": _statement("alice-point", excess_wh=1_000),
    "a trade delivered in advance": lambda state: settlement.DELIVERIES.put(state, FIRST + 1, 2, 0),
    "escrow of a settled MTU": lambda state: ESCROW.put(state, FIRST, 1),
}
BLOCK_ONLY: dict[str, Damage] = {
    "an order comes back": _order(FIRST, 4, status=OrderStatus.ACTIVE),
    "an order that is done grows": _order(FIRST, 4, remaining_wh=60, status=OrderStatus.ACTIVE),
    "a limit changes": _order(FIRST + 20, 11, limit_micro=2_000_000),
    "a certificate moves": _lot(1, energy_wh=1),
    "settlement goes back": lambda state: settlement.PROGRESS.put(
        state, settlement.Progress(FIRST, settlement.Phase.WAITING, 0)
    ),
    "numbers of lots go back": lambda state: NEXT.put(state, 1),
}
WHOLE_ONLY: dict[str, Damage] = {
    "an owner is listed with another's lot": lambda state: OWNED.put(state, account("bob"), 2, False),
    "an order that is done waits": lambda state: PENDING.put(state, 1, FIRST),
    "a cancelled order is forgotten": lambda state: CANCELS.put(state, 1, FIRST),
    "barred for nothing": lambda state: BARRED.put(state, account("bob"), True),
    "sums of a settled MTU": lambda state: SUMS.put(state, FIRST, "alice-point", SUMS.require(state, FIRST + 1, "alice-point")),
    "a position of a settled MTU": lambda state: POSITIONS.put(
        state, FIRST, "alice-point", POSITIONS.require(state, FIRST + 1, "alice-point")
    ),
}


def _damaged(world: World, damage: Damage) -> State:
    state = State(world.reader)
    damage(state)
    assert state.writes()
    return state


def _check_block(world: World, state: State) -> None:
    for module in MODULES:
        module.check_block(world.reader, state.writes())


def _check_whole(reader: Reader) -> None:
    for module in MODULES:
        module.check_whole(reader)


@pytest.mark.parametrize("name", [*BLOCK_AND_WHOLE, *BLOCK_ONLY])
def test_the_check_of_a_block_notices(world: World, name: str) -> None:
    state = _damaged(world, (BLOCK_AND_WHOLE | BLOCK_ONLY)[name])
    with pytest.raises(InvariantBroken):
        _check_block(world, state)


@pytest.mark.parametrize("name", [*BLOCK_AND_WHOLE, *WHOLE_ONLY])
def test_the_audit_notices(world: World, name: str) -> None:
    state = _damaged(world, (BLOCK_AND_WHOLE | WHOLE_ONLY)[name])
    with pytest.raises(InvariantBroken):
        _check_whole(state)


def test_nothing_is_found_where_nothing_is_wrong(world: World) -> None:
    _check_whole(world.reader)
    _check_block(world, State(world.reader))


def test_the_kernel_is_compared_with_the_state() -> None:
    changes: list[Callable[[Books], object]] = [
        lambda books: books.cancel(10),
        lambda books: books.close_period(FIRST + 20),
        lambda books: books.restore_flow(FIRST + 20, 0, 1),
        lambda books: books.open_period(1, 0, (0, 0), (0, 0)),
        lambda books: books.restore(FIRST + 20, 99, 0, 0, 2, 1_000_000, 5),
    ]
    for change in changes:
        world = _world()
        check_books(world.reader, world.books)
        change(world.books)
        with pytest.raises(InvariantBroken):
            check_books(world.reader, world.books)
