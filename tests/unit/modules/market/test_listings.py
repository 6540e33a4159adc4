"""Lists of open orders that say something else than the orders do are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gridnode.modules.market.listings import check_listings
from gridnode.modules.market.tables import (
    DEADLINES,
    OPEN_COUNTS,
    OPEN_ORDERS,
    ORDERS,
    PENDING,
    PERIODS,
    Side,
    Terms,
)
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.overlay import State
from tests.energy_world import MTU_MS, START_MS, World, account, bid, offer, partner, sheet, two_zones

MTU = START_MS // MTU_MS + 3
UNTIL_MS = START_MS + 3_000


@pytest.fixture(scope="module")
def world() -> World:
    """bob's bid 1, good until a time; alice's offer 2 and bid 3; bob's bid 4 with a preference."""
    made = two_zones()
    made.ok(
        sheet("bob", 1, bid(MTU, 10, 1_000_000, good_until_ms=UNTIL_MS)),
        sheet("alice", 1, offer(MTU, 10, 3_000_000), bid(MTU, 10, 2_000_000)),
        sheet("bob", 2, bid(MTU, 10, 1_000_000, preferences=(partner("carol"),))),
    )
    return made


def _order(state: State, number: int, **changes: Any) -> None:
    ORDERS.put(state, MTU, number, replace(ORDERS.require(state, MTU, number), **changes))


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda state: OPEN_ORDERS.delete(state, MTU, account("bob"), 1), "list of open orders"),
        (lambda state: OPEN_ORDERS.put(state, MTU, account("bob"), 1, Side.OFFER), "list of open orders"),
        (lambda state: OPEN_ORDERS.put(state, MTU, account("bob"), 9, Side.BID), "list of open orders"),
        (lambda state: DEADLINES.delete(state, UNTIL_MS, 1), "deadlines"),
        (lambda state: DEADLINES.put(state, UNTIL_MS, 2, MTU), "deadlines"),
        (lambda state: OPEN_COUNTS.put(state, account("bob"), Side.BID, 1), "by owner"),
        (lambda state: OPEN_COUNTS.put(state, account("carol"), Side.BID, 1), "by owner"),
        (lambda state: PERIODS.put(state, MTU, replace(PERIODS.require(state, MTU), open_orders=3)), "books have"),
        (lambda state: _order(state, 3, limit_micro=3_000_000), "reaches an offer"),
        (lambda state: _order(state, 4, terms=Terms.IOC), "rests, against its terms"),
        (lambda state: _order(state, 4, terms=Terms.MARKET), "rests, against its terms"),
        (lambda state: _order(state, 4, sources=0), "rests, against its terms"),
    ],
)
def test_damage_is_found(world: World, damage: Callable[[State], None], found: str) -> None:
    state = State(world.reader)
    check_listings(state)
    damage(state)
    with pytest.raises(InvariantBroken, match=found):
        check_listings(state)


def test_an_order_that_waits_for_matching_may_have_any_terms(world: World) -> None:
    state = State(world.reader)
    _order(state, 4, terms=Terms.FOK)
    PENDING.put(state, 4, MTU)
    check_listings(state)
