"""Invariants of credits notice each row that a broken rule could leave behind, in a block's rows and over the whole state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gridnode.modules.carbon import tables
from gridnode.modules.carbon.earnings import earn
from gridnode.modules.carbon.invariants import check_block, check_whole
from gridnode.modules.market.tables import OrderStatus, Side
from gridnode.modules.registry.tables import Source
from gridnode.modules.token.tables import BALANCES, SUPPLY, Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.limits import MAX_AMOUNT, MAX_PRICE_MICRO
from gridnode.state.overlay import State
from tests.carbon_world import BAHT, CREDIT, bid, cancel, carbon_world, offer
from tests.energy_world import World, account

Damage = Callable[[State], None]
ALICE = account("alice")
EARNED = 5 * 500_000


@pytest.fixture(scope="module")
def world() -> World:
    """Order 1 waits partly filled, 2 is filled, 3 a bid that waits, 4 is cancelled; alice earned something."""
    world = carbon_world()
    world.ok(offer("alice", 5, 7), bid("bob", 2, 7), bid("bob", 3, 5), bid("carol", 1, 4))
    world.ok(cancel("carol", 4))
    context = world._context()
    earn(context, ALICE, Source.SOLAR, 5)
    world.reader.apply(context.state.writes())
    check_whole(world.reader)
    return world


def _order(number: int, **changes: object) -> Damage:
    def damage(state: State) -> None:
        tables.ORDERS.put(state, number, replace(tables.ORDERS.require(state, number), **changes))

    return damage


def _trade(**changes: object) -> Damage:
    return lambda state: tables.TRADES.put(state, 1, replace(tables.TRADES.require(state, 1), **changes))


def _statistics(**changes: object) -> Damage:
    return lambda state: tables.STATISTICS.put(state, replace(tables.STATISTICS.require(state), **changes))


def _mint(state: State) -> None:
    SUPPLY.put(state, Denomination.CO2, SUPPLY.require(state, Denomination.CO2) + 1)


def _into_escrow(denomination: Denomination) -> Damage:
    def damage(state: State) -> None:
        held = BALANCES.require(state, tables.ESCROW_ACCOUNT, denomination)
        BALANCES.put(state, tables.ESCROW_ACCOUNT, denomination, held + 1)

    return damage


def _crossing(state: State) -> None:
    """An offer below the bid that waits, with everything else as it should be."""
    tables.BOOK.put(state, Side.OFFER, 4 * BAHT, 9, True)
    tables.OPEN.put(state, ALICE, Side.OFFER, 4 * BAHT, 9, True)
    tables.PLACED.put(state, ALICE, 9, True)
    tables.NEXT_ORDER.put(state, 10)
    model = tables.ORDERS.require(state, 1)
    low = replace(model, price_micro=4 * BAHT, amount_nano=1, filled_nano=0, value=0, status=OrderStatus.ACTIVE)
    tables.ORDERS.put(state, 9, low)
    held = BALANCES.require(state, tables.ESCROW_ACCOUNT, Denomination.CO2)
    BALANCES.put(state, tables.ESCROW_ACCOUNT, Denomination.CO2, held + 1)


DAMAGE: dict[str, Damage] = {
    "credits from nowhere": _mint,
    "credits vanish": lambda state: tables.RETIRED.put(state, 1),
    "credits earned for nothing": lambda state: tables.EARNED.put(state, ALICE, EARNED + 1),
    "earnings fall": lambda state: tables.EARNED.put(state, ALICE, EARNED - 1),
    "earnings vanish": lambda state: tables.EARNED.delete(state, ALICE),
    "a source earned more": lambda state: tables.SOURCES.put(state, Source.SOLAR, tables.SourceTotal(5, EARNED + 1)),
    "unranked": lambda state: tables.RANKING.delete(state, MAX_AMOUNT - EARNED, ALICE),
    "ranked twice": lambda state: tables.RANKING.put(state, MAX_AMOUNT - 1, ALICE, True),
    "an order grows": _order(1, amount_nano=6 * CREDIT),
    "an order of another price": _order(3, price_micro=6 * BAHT),
    "an order filled without a trade": _order(1, filled_nano=3 * CREDIT),
    "a value without a trade": _order(1, value=1),
    "a filled order opens": _order(2, status=OrderStatus.ACTIVE),
    "a cancelled order opens": _order(4, status=OrderStatus.ACTIVE),
    "an expired order": _order(1, status=OrderStatus.EXPIRED),
    "an order is closed and stays in the book": _order(3, status=OrderStatus.CANCELLED),
    "an order vanishes": lambda state: tables.ORDERS.delete(state, 4),
    "an order number not given": lambda state: tables.NEXT_ORDER.put(state, 3) or _order(4, filled_nano=1)(state),
    "an order leaves the book": lambda state: tables.BOOK.delete(state, Side.BID, MAX_PRICE_MICRO - 5 * BAHT, 3),
    "a row of the book without an order": lambda state: tables.BOOK.put(state, Side.OFFER, 9 * BAHT, 7, True),
    "an open order unlisted": lambda state: tables.OPEN.delete(state, account("bob"), Side.BID, MAX_PRICE_MICRO - 5 * BAHT, 3),
    "an order unlisted": lambda state: tables.PLACED.delete(state, account("bob"), 2),
    "money without an order": _into_escrow(Denomination.THB),
    "credits without an order": _into_escrow(Denomination.CO2),
    "a trade grows": _trade(amount_nano=3 * CREDIT),
    "a trade vanishes": lambda state: tables.TRADES.delete(state, 1),
    "a trade with oneself": _trade(buyer=ALICE),
    "a trade unlisted": lambda state: tables.TRADED.delete(state, ALICE, 1),
    "a party too many": lambda state: tables.TRADED.put(state, account("carol"), 1, True),
    "volume miscounted": _statistics(volume_nano=1),
    "trades miscounted": _statistics(trades=2),
    "the last price is another": _statistics(last_micro=8 * BAHT),
    "the book is crossed": _crossing,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_noticed(world: World, damage: Damage) -> None:
    state = State(world.reader)
    damage(state)
    writes = state.writes()
    assert writes
    with pytest.raises(InvariantBroken):
        check_block(world.reader, writes)
    with pytest.raises(InvariantBroken):
        check_whole(state)


def test_credits_of_genesis_do_not_change(world: World) -> None:
    state = State(world.reader)
    tables.OPENING.put(state, tables.OPENING.require(state) + 1)
    _mint(state)
    with pytest.raises(InvariantBroken, match="after genesis"):
        check_block(world.reader, state.writes())


