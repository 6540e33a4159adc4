"""However few steps a block may take, orders meet as if it might take any number: same trades, same order, same ends.

Fill-or-kill orders are left out: one that needs more steps than a block has is killed, which is the rule.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.modules.market.messages import SheetEntry
from gridnode.modules.market.queries import orders_of_mtu, trades_of_mtu
from gridnode.modules.market.tables import INTERRUPTED, PENDING, Terms
from gridnode.modules.registry.tables import Direction, Source
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from tests.chain_in_memory import openings
from tests.energy_world import MTU_MS, THB, Call, World, account, sheet, two_zones
from tests.properties.market_orders import entries, possible

NAMES = ("alice", "bob", "carol", "dora")
TERMS = st.sampled_from([Terms.REST, Terms.REST, Terms.REST, Terms.IOC, Terms.POST_ONLY, Terms.MARKET])
BIDS, OFFERS = entries(st.just(0), st.sampled_from([1, 7, 30, 100]), TERMS, st.just(0))
ORDERS = st.tuples(st.sampled_from(NAMES), BIDS | OFFERS)
ROUNDS = st.lists(st.lists(ORDERS, min_size=1, max_size=12), min_size=1, max_size=3)


def _world(steps: int) -> World:
    """alice and bob in CITY, carol and dora in NORTH, with little room between them."""
    city, north = openings()["grid"].lines
    lines = (replace(city, atc_forward_wh=60, atc_backward_wh=40), replace(north, atc_forward_wh=50, atc_backward_wh=70))
    world = two_zones(grid={"lines": lines}, market={"match_steps_per_block": steps})
    world.full_checks = False
    meters = [("dora-pv", Source.SOLAR), ("dora-wind", Source.WIND)]
    world.join("dora", "NORTH", *((name, Direction.GENERATION, source) for name, source in meters))
    world.ok(("bank", Transfer(account("dora"), Denomination.THB, 100 * THB)))
    world.full_checks = True
    return world


def _played(steps: int, rounds: list[list[tuple[str, SheetEntry]]]) -> Any:
    """Everything that became of the orders of all rounds; each round is matched before the next comes."""
    world = _world(steps)
    mtu = world.time_ms // MTU_MS + 20
    number = 0
    codes = []
    for orders in rounds:
        calls: list[Call] = []
        for name, entry in orders:
            number += 1
            calls.append(sheet(name, number, possible(name, entry, mtu)))
        codes.append(world.block(*calls, after_ms=1))
        while any(PENDING.scan(world.reader, limit=1)) or INTERRUPTED.has(world.reader):
            world.restart()
            world.block(after_ms=1)
    ends = [replace(row.order, placed_ms=0) for row in orders_of_mtu(world.reader, mtu, 1_000)]
    trades = [replace(row.trade, time_ms=0) for row in trades_of_mtu(world.reader, mtu, 1_000)]
    return codes, trades, ends, world.books.orders(mtu) if mtu in world.books.periods() else []


@given(rounds=ROUNDS, steps=st.integers(2, 4))
@settings(max_examples=40)
def test_few_steps_a_block_give_the_trades_of_many(rounds: Any, steps: int) -> None:
    assert _played(steps, rounds) == _played(10_000, rounds)
