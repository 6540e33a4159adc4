"""What one can ask about credits: leaderboard, depth, orders, trades, statistics; page by page."""

from __future__ import annotations

import pytest

from gridnode.modules.carbon import queries
from gridnode.modules.carbon.earnings import earn
from gridnode.modules.carbon.queries import Level, Rank
from gridnode.modules.context import Context
from gridnode.modules.market.tables import Side
from gridnode.modules.registry.tables import Source
from tests.carbon_world import BAHT, CREDIT, OPENING, bid, carbon_world, offer
from tests.energy_world import World, account

BUSY = [
    offer("alice", 5, 7),
    offer("carol", 2, 8),
    offer("alice", 1, 8),
    bid("bob", 3, 5),
    bid("carol", 1, 4),
    bid("bob", 2, 7),
]


@pytest.fixture(scope="module")
def world() -> World:
    """Six orders and a trade; nothing in it changes."""
    world = carbon_world()
    world.ok(*BUSY)
    return world


def _earn(world: World, *deliveries: tuple[str, Source, int]) -> list[int]:
    """Let accounts earn as settlement does; the statements that settlement writes with it are left out."""
    context: Context = world._context()
    earned = [earn(context, account(name), source, energy_wh) for name, source, energy_wh in deliveries]
    world.reader.apply(context.state.writes())
    return earned


def test_depth_sums_orders_by_price(world: World) -> None:
    assert queries.depth(world.reader, Side.OFFER, 9) == [
        Level(Side.OFFER, 7 * BAHT, 3 * CREDIT, 1),
        Level(Side.OFFER, 8 * BAHT, 3 * CREDIT, 2),
    ]
    assert queries.depth(world.reader, Side.BID, 1) == [Level(Side.BID, 5 * BAHT, 3 * CREDIT, 1)]


def test_statistics(world: World) -> None:
    found = queries.overview(world.reader)
    assert (found.best_bid_micro, found.best_offer_micro) == (5 * BAHT, 7 * BAHT)
    sums = found.trades
    assert (sums.trades, sums.volume_nano, sums.value) == (1, 2 * CREDIT, 14 * CREDIT)
    assert (sums.last_micro, sums.high_micro, sums.low_micro) == (7 * BAHT,) * 3
    assert found.supply_nano == 3 * OPENING


def test_orders_and_trades_by_page(world: World) -> None:
    def numbers(rows: list[tuple[int, object]]) -> list[int]:
        return [number for number, _ in rows]

    alice, bob = account("alice"), account("bob")
    assert numbers(queries.orders(world.reader, 4)) == [6, 5, 4, 3]
    assert numbers(queries.orders(world.reader, 4, 3)) == [2, 1]
    assert numbers(queries.orders_of(world.reader, bob, 9)) == [6, 4]
    assert numbers(queries.orders_of(world.reader, alice, 1, 3)) == [1]
    assert numbers(queries.trades(world.reader, 9)) == [1]
    assert numbers(queries.trades_of(world.reader, alice, 9)) == [1]
    assert numbers(queries.trades_of(world.reader, account("carol"), 9)) == []
    assert queries.trades(world.reader, 9, 1) == []


def test_the_leaderboard_goes_by_what_was_earned() -> None:
    world = carbon_world()
    earned = _earn(
        world,
        ("bob", Source.SOLAR, 300),
        ("alice", Source.SOLAR, 100),
        ("carol", Source.SOLAR, 100),
        ("alice", Source.SOLAR, 300),
        ("alice", Source.WIND, 900),  # genesis has no rate for it
        ("alice", Source.SOLAR, 0),
    )
    assert earned == [150_000_000, 50_000_000, 50_000_000, 150_000_000, 0, 0]
    everybody = queries.leaderboard(world.reader, 9)
    assert everybody == [
        Rank(account("alice"), 200_000_000),
        Rank(account("bob"), 150_000_000),
        Rank(account("carol"), 50_000_000),
    ]
    assert queries.leaderboard(world.reader, 1, everybody[0]) == everybody[1:2]
    assert queries.earned(world.reader, account("alice")) == 200_000_000
    [(source, total)] = queries.overview(world.reader).sources
    assert (source, total.energy_wh, total.credits_nano) == (Source.SOLAR, 800, 400_000_000)


def test_equal_earnings_are_ranked_by_account() -> None:
    world = carbon_world()
    _earn(world, *((name, Source.SOLAR, 10) for name in ("carol", "alice", "bob")))
    accounts = [rank.account for rank in queries.leaderboard(world.reader, 9)]
    assert accounts == sorted(accounts)
