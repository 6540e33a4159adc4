"""What is asked of periods, books, auctions and prices: in every phase, at the edges of intervals, page by page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridnode.modules.market.queries import auction, auctions, depth, indicative, paths, period
from gridnode.modules.market.quotes import MTUS_PER_HOUR, candles, delivery_candles, last_price, quotes
from gridnode.modules.market.tables import CANDLES, STATISTICS, Mode, Phase, Side, Statistics
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.units import Amount, EnergyWh, PriceMicro
from gridnode.state.overlay import State
from tests.chain_in_memory import openings
from tests.energy_world import FIRST_MTU, MTU_MS, World, bid, offer, sheet, two_zones

CITY = 200_000
GATE_MS, CALL_MS = 1_000, 1_000


@pytest.fixture
def world() -> World:
    return two_zones(market={"mode": Mode.BOTH, "call_ms": CALL_MS})


def test_a_period_tells_its_phase_and_its_times(world: World) -> None:
    mtu = world.time_ms // MTU_MS + 3
    asked = period(world.reader, mtu)
    assert (asked.phase, asked.open_orders) == (None, 0)
    assert asked.opens_ms == (mtu - 96) * MTU_MS
    assert asked.gate_ms == mtu * MTU_MS - GATE_MS
    assert asked.call_ms == asked.gate_ms - CALL_MS
    world.ok(sheet("alice", 1, offer(mtu, 10, 1_000_000)))
    assert period(world.reader, mtu)[1:3] == (Phase.CONTINUOUS, 1)
    world.until(asked.call_ms)
    assert period(world.reader, mtu)[1:3] == (Phase.CALL, 1)
    world.until(asked.gate_ms)
    assert period(world.reader, mtu)[1:3] == (None, 0)


def test_the_call_of_an_auction_market_begins_when_the_mtu_opens() -> None:
    world = two_zones(market={"mode": Mode.AUCTION})
    asked = period(world.reader, FIRST_MTU + 50)
    assert asked.call_ms == asked.opens_ms == (FIRST_MTU - 46) * MTU_MS


def test_depth_and_quotes_work_in_every_phase(world: World) -> None:
    mtu = world.time_ms // MTU_MS + 3
    world.ok(
        sheet("alice", 1, offer(mtu, 10, 3_000_000), offer(mtu, 5, 3_000_000), offer(mtu, 5, 3_500_000)),
        sheet("bob", 1, bid(mtu, 7, 1_000_000)),
    )
    city, north = quotes(world.reader, mtu)
    assert (city.zone, city.offer, city.bid) == (
        "CITY",
        (Side.OFFER, "CITY", 3_000_000, 15, 2),
        (Side.BID, "CITY", 1_000_000, 7, 1),
    )
    assert (north.bid, north.offer) == (None, None)
    before = depth(world.reader, mtu)
    world.until(mtu * MTU_MS - GATE_MS - CALL_MS)
    assert depth(world.reader, mtu) == before
    world.ok(sheet("bob", 2, bid(mtu, 8, 4_000_000)))
    assert depth(world.reader, mtu)[0] == (Side.BID, "CITY", 4_000_000, 8, 1)
    world.until(mtu * MTU_MS - GATE_MS)
    assert depth(world.reader, mtu) == []


def test_the_indicative_auction_becomes_the_auction(world: World) -> None:
    mtu = world.time_ms // MTU_MS + 3
    world.ok(sheet("alice", 1, offer(mtu, 10, 3_000_000)))
    assert indicative(world.reader, mtu) is None
    world.until(mtu * MTU_MS - GATE_MS - CALL_MS)
    assert indicative(world.reader, mtu) is None  # no bid yet
    world.ok(sheet("bob", 1, bid(mtu, 8, 4_000_000)))
    found = indicative(world.reader, mtu)
    assert found is not None
    assert (found.volume_wh, found.value, found.rent, len(found.rows)) == (8, 8 * 3_000_000, 0, 2)
    assert auction(world.reader, mtu) is None
    world.until(mtu * MTU_MS - GATE_MS)
    held = auction(world.reader, mtu)
    assert held is not None
    assert (held.summary, held.height, held.time_ms) == (found.summary, world.height, world.time_ms)
    assert auctions(world.reader, 10) == [held]
    assert auctions(world.reader, 10, after=mtu) == []
    [path] = paths(world.reader, mtu)
    assert (path.hops, path.energy_wh, path.left_wh, path.wheeling_micro) == ((), 8, 0, CITY)
    assert last_price(world.reader, mtu) == 3_000_000
    assert last_price(world.reader, mtu + 1) is None


def _statistics(price: int) -> Statistics:
    micro = PriceMicro(price)
    return Statistics(2, EnergyWh(10), Amount(10 * price), micro, PriceMicro(price + 5), PriceMicro(price - 5), micro)


def test_candles_join_intervals_from_the_start_of_the_day() -> None:
    world = two_zones()
    state = State(world.reader)
    for ahead in (0, 1, 3, 4, 9, 10):
        CANDLES.put(state, FIRST_MTU + ahead, _statistics(100 + ahead))
        STATISTICS.put(state, FIRST_MTU + 20 + ahead, _statistics(200 + ahead))
    hours = candles(state, 10, MTUS_PER_HOUR)
    assert [(candle.start_ms - FIRST_MTU * MTU_MS) // MTU_MS for candle in hours] == [0, 4, 8]
    first = hours[0].statistics
    assert (first.trades, first.volume_wh, first.value) == (6, 30, 10 * (100 + 101 + 103))
    assert (first.open_micro, first.high_micro, first.low_micro, first.last_micro) == (100, 108, 95, 103)
    pages = [candles(state, 1, MTUS_PER_HOUR)]
    while pages[-1]:
        pages.append(candles(state, 1, MTUS_PER_HOUR, after_ms=pages[-1][0].start_ms))
    assert [page[0] for page in pages[:-1]] == hours
    assert len(candles(state, 10)) == 6
    assert [candle.start_ms for candle in delivery_candles(state, 2, MTUS_PER_HOUR)] == [
        (FIRST_MTU + 20) * MTU_MS,
        (FIRST_MTU + 24) * MTU_MS,
    ]


def _twins() -> dict[str, object]:
    lines = openings()["grid"].lines
    return {"lines": (lines[0], replace(lines[1], start="BUS", end="CITY"))}


@pytest.mark.parametrize(
    ("market", "names"),
    [
        ({"mode": Mode.BOTH}, r"^market\.call_ms: expected a call phase, above 0, in mode both"),
        ({"mode": Mode.AUCTION, "call_ms": 1}, r"^market\.call_ms: expected 0 in mode auction"),
        ({"call_ms": 1}, r"^market\.call_ms: expected 0 in mode continuous"),
        ({"gate_closure_ms": 96 * MTU_MS}, r"^market\.gate_closure_ms: expected less than 288000"),
        ({"mode": Mode.BOTH, "call_ms": 287_000}, r"^market\.gate_closure_ms: expected less than 1000"),
        ({"open_ahead_mtus": 100_000}, r"^market\.open_ahead_mtus: expected at most grid\.params\.notice_mtus"),
    ],
)
def test_a_market_that_cannot_run_does_not_open(market: dict[str, object], names: str) -> None:
    with pytest.raises(OperatorError, match=names):
        World(market=market)


def test_an_auction_needs_lines_that_it_can_tell_apart() -> None:
    with pytest.raises(OperatorError, match="the same nodes"):
        World(market={"mode": Mode.AUCTION}, grid=_twins())
