"""Settlement: who pays what to whom, whose lots go where, once for each point and MTU; every rule of the chapter by figures."""

from __future__ import annotations

import pytest

from gridnode.modules.lots.tables import HOLD
from gridnode.modules.market.tables import ESCROW_ACCOUNT, POSITIONS
from gridnode.modules.metering.tables import SUMS
from gridnode.modules.settlement.queries import (
    delivered_wh,
    progress,
    settled,
    settled_by_mtu,
    statements,
)
from gridnode.modules.settlement.tables import WORKS, Phase
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.units import grid_of
from tests.energy_world import (
    FEE_MICRO,
    MTU_MS,
    SOLAR,
    WIND,
    WINDOW_MS,
    World,
    account,
    bid,
    reading,
    sheet,
    two_zones,
)
from tests.settlement_case import CITY, CITY_LINE, FEED_IN, NAMES, NORTH, NORTH_LINE, PRICE, RETAIL, Case


def test_delivered_as_sold() -> None:
    case = Case()
    case.trade("bob", 600)
    case.measure(alice_pv=600, bob_load=600)
    assert case.gained("alice") == 600 * PRICE
    assert case.gained("bob") == -600 * (PRICE + CITY + FEE_MICRO)
    assert case.gained("mea") == 600 * CITY
    assert case.gained("egat") == 600 * FEE_MICRO
    assert case.statement("alice").work.delivered_wh == 600
    assert case.lots("bob", retired=True) == [("alice-pv", 600)]
    assert [case.grid(name) for name in NAMES] == [0] * 6
    assert case.world.held(account("bob"), Denomination.CO2) == 600 * 500_000
    assert (case.world.totals.settled_wh, case.world.totals.co2_credits_nano) == (600, 600 * 500_000)
    assert delivered_wh(case.world.reader, case.mtu, 1) == 600


def test_between_zones_wheeling_goes_to_the_dso_of_delivery_and_the_owner_of_the_lines() -> None:
    case = Case()
    case.trade("carol", 100)
    case.measure(alice_pv=100, carol_load=100)
    assert case.gained("carol") == -100 * (PRICE + NORTH + CITY_LINE + NORTH_LINE + FEE_MICRO)
    assert case.gained("pea") == 100 * NORTH
    assert case.gained("mea") == 0
    assert case.gained("egat") == 100 * (CITY_LINE + NORTH_LINE + FEE_MICRO)


def test_a_seller_that_falls_short_is_charged_once_and_the_trade_stands() -> None:
    case = Case()
    case.trade("bob", 600)
    case.measure(alice_pv=450, bob_load=600)
    assert case.gained("alice") == 600 * PRICE - 150 * RETAIL
    assert case.gained("bob") == -600 * (PRICE + CITY + FEE_MICRO)
    assert case.gained("mea") == 600 * CITY + 150 * RETAIL
    found = case.statement("alice")
    assert (found.lack_wh, found.excess_wh, found.work.delivered_wh) == (150, 0, 450)
    assert case.statement("bob").lack_wh == 0  # it paid for all of it; what was not delivered is the seller's lack
    assert case.lots("bob", retired=True) == [("alice-pv", 450)]


def test_excess_is_bought_by_the_dso() -> None:
    case = Case()
    case.trade("bob", 100)
    case.measure(alice_pv=400, bob_load=100)
    assert case.gained("alice") == 100 * PRICE + 300 * FEED_IN
    assert case.gained("mea") == 100 * CITY - 300 * FEED_IN
    assert case.lots("mea", retired=False) == [("alice-pv", 300)]
    assert case.grid("mea") == grid_of(300)
    assert case.world.held(account("mea"), Denomination.CO2) == 0


def test_a_buyer_that_consumes_less_sells_the_rest_to_the_dso_with_its_lots() -> None:
    case = Case()
    case.trade("bob", 600)
    case.measure(alice_pv=600, bob_load=200)
    assert case.gained("bob") == -600 * (PRICE + CITY + FEE_MICRO) + 400 * FEED_IN
    assert case.lots("bob", retired=True) == [("alice-pv", 200)]
    assert case.lots("mea", retired=False) == [("alice-pv", 400)]
    assert case.statement("bob").work.passed_wh == 400
    assert case.world.held(account("bob"), Denomination.CO2) == 600 * 500_000


def test_own_consumption_comes_out_of_own_lots_and_burns() -> None:
    case = Case()
    case.measure(alice_pv=300, alice_wind=200, alice_load=350)
    assert case.lots("alice", retired=True) == [("alice-pv", 300), ("alice-wind", 50)]
    assert case.lots("mea", retired=False) == [("alice-wind", 150)]
    assert case.statement("alice").self_consumed_wh == 350
    assert case.gained("alice") == 150 * FEED_IN


def test_lack_is_charged_at_retail() -> None:
    case = Case()
    case.measure(bob_load=77)
    assert case.gained("bob") == -77 * RETAIL
    assert case.gained("mea") == 77 * RETAIL


def test_retail_follows_the_band() -> None:
    world = two_zones()
    mtu = world.time_ms // MTU_MS + 40  # 10:00 of a Wednesday: on-peak
    before = world.thb("bob")
    world.until((mtu + 1) * MTU_MS)
    world.ok(("bob", reading("bob-load", mtu, consumed_wh=10)))
    world.settle(mtu)
    assert world.thb("bob") == before - 10 * 5_798_200


def test_a_trade_is_delivered_only_from_its_source() -> None:
    case = Case()
    case.trade("bob", 80, source=SOLAR)
    case.measure(alice_pv=50, alice_wind=50, bob_load=80)
    found = case.statement("alice")
    assert (found.work.delivered_wh, found.excess_wh) == (50, 20)
    assert case.lots("mea", retired=False) == [("alice-wind", 20)]
    assert case.lots("alice", retired=False) == [("alice-wind", 30)]
    assert case.grid("alice") == grid_of(30)
    assert case.gained("alice") == 80 * PRICE + 20 * FEED_IN


def test_a_shortfall_is_shared_by_all_trades_in_proportion() -> None:
    case = Case()
    case.trade("carol", 100)
    case.trade("bob", 100)
    case.measure(alice_pv=150, bob_load=100, carol_load=100)
    assert case.lots("carol", retired=True) == [("alice-pv", 75)]
    assert case.lots("bob", retired=True) == [("alice-pv", 75)]
    assert [delivered_wh(case.world.reader, case.mtu, number) for number in (1, 2)] == [75, 75]


def test_shares_are_whole_and_sum_to_what_there_is() -> None:
    case = Case()
    for energy_wh in (10, 1, 10, 3):
        case.trade("bob", energy_wh)
    case.measure(alice_pv=17, bob_load=24)
    # 17 of 24: running totals 10, 11, 21, 24 give 7, 7, 14, 17.
    assert [delivered_wh(case.world.reader, case.mtu, number) for number in (1, 2, 3, 4)] == [7, 0, 7, 3]


def test_sources_share_a_surplus_in_proportion_to_what_each_could_deliver() -> None:
    case = Case()
    case.trade("bob", 90, source=SOLAR)
    case.trade("bob", 60, source=WIND)
    case.measure(alice_pv=90, alice_wind=30, alice_load=40, bob_load=150)
    # 80 Wh for 90 of the sun's and, limited by lots, 30 of the wind's.
    assert [delivered_wh(case.world.reader, case.mtu, number) for number in (1, 2)] == [60, 20]


def test_what_is_bought_and_sold_again_is_settled_in_money() -> None:
    case = Case()
    case.trade("carol", 100)
    case.trade("bob", 100, seller="carol")
    case.measure(alice_pv=100, bob_load=100)
    assert case.statement("carol").lack_wh == case.statement("carol").excess_wh == 0
    assert case.lots("carol", retired=False) == [("alice-pv", 100)]
    assert case.grid("carol") == grid_of(100)
    assert case.lots("bob", retired=True) == []
    assert case.statement("bob").lack_wh == 0


def test_own_consumption_limits_all_sales_together() -> None:
    case = Case()
    case.trade("bob", 40)
    case.trade("bob", 40)
    case.measure(alice_pv=150, alice_load=100, bob_load=80)
    assert [delivered_wh(case.world.reader, case.mtu, number) for number in (1, 2)] == [25, 25]
    assert case.lots("alice", retired=True) == [("alice-pv", 100)]


def test_the_dso_gets_no_more_lots_than_it_pays_for() -> None:
    case = Case()
    case.trade("carol", 100)
    case.trade("carol", 100)
    case.trade("bob", 150, seller="carol")
    case.measure(alice_pv=200, bob_load=150)
    found = case.statement("carol")
    assert (found.excess_wh, found.work.received_wh, found.work.passed_wh) == (50, 200, 50)
    assert case.lots("pea", retired=False) == [("alice-pv", 50)]
    assert case.lots("carol", retired=False) == [("alice-pv", 100), ("alice-pv", 50)]


def test_what_the_dso_took_of_purchases_it_does_not_take_of_own_lots_again() -> None:
    case = Case()
    case.trade("bob", 50, source=WIND)
    case.trade("alice", 100, seller="carol")
    case.measure(alice_pv=30, carol_pv=100, bob_load=50)
    found = case.statement("alice")
    assert (found.excess_wh, found.work.passed_wh, found.work.delivered_wh) == (80, 80, 0)
    assert case.lots("mea", retired=False) == [("carol-pv", 80)]
    assert case.lots("alice", retired=False) == [("alice-pv", 30), ("carol-pv", 20)]


def test_it_waits_until_all_orders_have_expired() -> None:
    lagging = Case(market={"expiries_per_block": 1})
    lagging.world.ok(sheet("carol", 99, *(bid(lagging.mtu - 1, 50, 1_000_000) for _ in range(4))))
    lagging.world.until((lagging.mtu + 1) * MTU_MS - 1)
    lagging.world.ok(("bob", reading("bob-load", lagging.mtu, consumed_wh=5)), after_ms=1)
    done = []
    for after_ms in (WINDOW_MS, 1, 1):
        lagging.world.block(after_ms=after_ms)
        done.append(progress(lagging.world.reader).mtu > lagging.mtu)
    assert done == [False, True, True]


def test_wind_makes_no_credits_when_genesis_lists_none() -> None:
    case = Case()
    case.trade("bob", 100, source=WIND)
    case.measure(alice_wind=100, bob_load=100)
    assert case.world.held(account("bob"), Denomination.CO2) == 0
    assert case.statement("bob").work.received_wh == 100


def test_without_readings_trades_stand_and_everything_is_imbalance() -> None:
    case = Case()
    case.trade("bob", 100)
    case.measure()
    assert case.gained("alice") == 100 * PRICE - 100 * RETAIL
    assert case.gained("bob") == -100 * (PRICE + CITY + FEE_MICRO) + 100 * FEED_IN
    assert case.grid("bob") == 0


def test_it_waits_for_the_window_and_happens_once() -> None:
    case = Case()
    case.trade("bob", 100)
    world = case.world
    world.until((case.mtu + 1) * MTU_MS)
    world.ok(("bob", reading("alice-pv", case.mtu, generated_wh=100)))
    world.until((case.mtu + 1) * MTU_MS + WINDOW_MS - 1)
    assert statements(world.reader, case.mtu, 10) == []
    assert world.held(HOLD, Denomination.GRID) == grid_of(100)
    world.block(after_ms=1)
    assert [point for point, _ in statements(world.reader, case.mtu, 10)] == ["alice-point", "bob-point"]
    assert [event.kind for event in world.events if event.kind.startswith("settlement.")] == [
        "settlement.point_settled",
        "settlement.point_settled",
        "settlement.mtu_settled",
    ]
    sums = settled(world.reader)
    assert settled_by_mtu(world.reader, 10) == [(case.mtu, sums)]
    world.block()
    assert settled(world.reader) == sums
    assert progress(world.reader).mtu == case.mtu + 1


def test_a_long_stop_of_the_chain_settles_everything_after() -> None:
    case = Case()
    case.trade("bob", 100)
    case.world.ok(sheet("carol", 99, bid(case.mtu, 50, 1_000_000)))
    case.world.until(case.world.time_ms + 3_600_000)
    assert progress(case.world.reader).mtu == case.mtu + 1
    assert case.world.held(ESCROW_ACCOUNT, Denomination.THB) == 0


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_work_is_bounded_and_goes_on(steps: int) -> None:
    bounded, free = Case(settlement={"steps_per_block": steps}), Case()
    for case in (bounded, free):
        case.trade("bob", 100)
        case.trade("carol", 50)
        case.measure(alice_pv=120, bob_load=80, carol_load=60)
    phases = []
    while progress(bounded.world.reader).phase is not Phase.WAITING:
        phases.append(progress(bounded.world.reader).phase)
        bounded.world.block(after_ms=1)
    assert len(phases) == 7 // steps
    assert statements(bounded.world.reader, bounded.mtu, 10) == statements(free.world.reader, free.mtu, 10)
    assert settled(bounded.world.reader) == settled(free.world.reader)
    for name in NAMES:
        assert bounded.gained(name) == free.gained(name)
        assert bounded.lots(name, True) == free.lots(name, True)


def test_what_is_deleted_and_what_stays() -> None:
    case = Case()
    case.trade("bob", 100)
    case.measure(alice_pv=120, bob_load=80)
    reader = case.world.reader
    for table in (SUMS, POSITIONS, WORKS):
        assert not list(table.scan(reader))
    assert case.world.held(HOLD, Denomination.GRID) == 0
    assert len(statements(reader, case.mtu, 10)) == 2
    assert statements(reader, case.mtu, 10, after="alice-point")[0][0] == "bob-point"


def test_mtus_settle_in_ascending_order() -> None:
    world: World = two_zones()
    first = world.time_ms // MTU_MS
    world.until((first + 2) * MTU_MS)
    world.ok(("bob", [reading("bob-load", first + 1, 0, 5), reading("bob-load", first, 0, 5)]))
    world.settle(first + 1)
    assert [mtu for mtu, _ in settled_by_mtu(world.reader, 10)] == [first, first + 1]
