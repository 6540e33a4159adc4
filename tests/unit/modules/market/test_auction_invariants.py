"""Invariants of call auctions notice each row that a broken rule could leave behind, in the block and in the whole state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gridnode.modules.market import auctioning
from gridnode.modules.market.auction_invariants import check_all_auctions, check_auctions
from gridnode.modules.market.auction_tables import AUCTION_PATHS, AUCTIONS, AWARDS
from gridnode.modules.market.invariants import check_block, check_whole
from gridnode.modules.market.tables import FLOWS, ORDERS, PERIODS, TRADES, Mode, Phase, Side
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.overlay import State
from tests.energy_world import MTU_MS, World, bid, offer, sheet, two_zones

Damage = Callable[[State], None]
MTU = 566_666_670
"""MTU whose auction is held; three trades are written, four wait."""


@pytest.fixture(scope="module")
def world() -> World:
    world = two_zones(market={"mode": Mode.AUCTION, "match_steps_per_block": 3})
    for number in range(1, 4):
        world.ok(
            sheet("alice", number, offer(MTU, 20_000, 2_000_000 + number)),
            sheet("bob", number, bid(MTU, 10, 4_000_000 + number)),
            sheet("carol", number, bid(MTU, 15_000, 4_500_000 - number)),
        )
    world.until(MTU * MTU_MS - 1_000)
    assert PERIODS.require(world.reader, MTU).phase is Phase.ENTERING
    assert len(list(TRADES.scan(world.reader, MTU))) == 3
    assert AUCTIONS.require(world.reader, MTU).rent > 0
    return world


def _auction(**changes: Any) -> Damage:
    return lambda state: AUCTIONS.put(state, MTU, replace(AUCTIONS.require(state, MTU), **changes))


def _summary(**changes: Any) -> Damage:
    def damage(state: State) -> None:
        found = AUCTIONS.require(state, MTU)
        AUCTIONS.put(state, MTU, replace(found, summary=replace(found.summary, **changes)))

    return damage


def _path(number: int, **changes: Any) -> Damage:
    def damage(state: State) -> None:
        AUCTION_PATHS.put(state, MTU, number, replace(AUCTION_PATHS.require(state, MTU, number), **changes))

    return damage


def _last_trade(**changes: Any) -> Damage:
    def damage(state: State) -> None:
        [(key, found)] = TRADES.scan(state, MTU, limit=1, reverse=True)
        TRADES.put(state, *key, replace(found, **changes))

    return damage


def _award_grows(state: State) -> None:
    [(key, left_wh)] = AWARDS.scan(state, MTU, limit=1)
    AWARDS.put(state, *key, left_wh + 1)


def _award_goes_to_another(state: State) -> None:
    [(key, left_wh)] = AWARDS.scan(state, MTU, 1, Side.BID, limit=1)
    AWARDS.delete(state, *key)
    [(other, other_wh)] = AWARDS.scan(state, MTU, 1, Side.BID, limit=1)
    AWARDS.put(state, *other, left_wh + other_wh)


def _new_trade(state: State) -> None:
    [((_, number), found)] = TRADES.scan(state, MTU, limit=1, reverse=True)
    TRADES.put(state, MTU, number + 1, found)


BLOCK_AND_WHOLE: dict[str, Damage] = {
    "a path has more left": _path(2, left_wh=1),
    "an award grows": _award_grows,
    "a trade without its path": _new_trade,
}
BLOCK: dict[str, Damage] = {
    "an auction changes": _auction(value=1),
    "an auction vanishes": lambda state: AUCTIONS.delete(state, MTU),
    "a path vanishes": lambda state: AUCTION_PATHS.delete(state, MTU, 1),
    "a path's price changes": _path(1, price_micro=1),
}
WHOLE: dict[str, Damage] = {
    "a volume miscounted": _auction(volume_wh=1),
    "rent miscounted": _auction(rent=1),
    "value miscounted": _auction(value=1),
    "rows miscounted": _summary(orders=8),
    "another root": _summary(orders_root=bytes(32)),
    "a line forgotten": _summary(lines=()),
    "an award of another order": _award_goes_to_another,
    "an order that wanted more": lambda state: ORDERS.put(
        state, MTU, 3, replace(ORDERS.require(state, MTU, 3), remaining_wh=9)
    ),
    "a path's rent changes": _path(2, rent_micro=1),
    "a trade over another path": _last_trade(path=2),
}


@pytest.mark.parametrize("name", [*BLOCK_AND_WHOLE, *BLOCK])
def test_a_block_that_breaks_an_auction_is_noticed(world: World, name: str) -> None:
    state = State(world.reader)
    check_auctions(world.reader, state.writes())
    (BLOCK_AND_WHOLE | BLOCK)[name](state)
    with pytest.raises(InvariantBroken):
        check_auctions(world.reader, state.writes())


@pytest.mark.parametrize("name", [*BLOCK_AND_WHOLE, *WHOLE])
def test_a_state_with_a_broken_auction_is_noticed(world: World, name: str) -> None:
    state = State(world.reader)
    check_all_auctions(state)
    (BLOCK_AND_WHOLE | WHOLE)[name](state)
    with pytest.raises(InvariantBroken):
        check_all_auctions(state)


def test_flows_are_those_of_trades_and_auctions(world: World) -> None:
    state = State(world.reader)
    FLOWS.put(state, 0, MTU, 39_999)
    with pytest.raises(InvariantBroken, match="short of what trades carry"):
        check_block(world.reader, state.writes())
    with pytest.raises(InvariantBroken, match="what the trades carry"):
        check_whole(state)


def test_a_wrong_clearing_stops_the_node_before_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = two_zones(market={"mode": Mode.AUCTION})
    world.ok(sheet("alice", 1, offer(MTU, 10, 2_000_000)), sheet("bob", 1, bid(MTU, 10, 4_000_000)))
    honest = auctioning.clear_book

    def worse(*asked: Any) -> Any:
        cleared = honest(*asked)
        assert cleared is not None
        return replace(cleared, rows=tuple(replace(row, accepted_wh=9) for row in cleared.rows))

    monkeypatch.setattr(auctioning, "clear_book", worse)
    with pytest.raises(InvariantBroken, match="gains"):
        world.until(MTU * MTU_MS - 1_000)
