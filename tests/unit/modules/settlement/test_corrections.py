"""Corrections: readings that come late move the difference of what is due, in entries beside a statement that stays."""

from __future__ import annotations

import pytest

from gridnode.modules.lots.tables import HOLD
from gridnode.modules.metering.messages import SubstituteReading
from gridnode.modules.metering.tables import Quality
from gridnode.modules.settlement.queries import (
    arrears_of,
    corrected,
    progress,
    result,
    settled,
    statements_of,
)
from gridnode.modules.settlement.tables import Phase
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.units import grid_of
from tests.chain_in_memory import tariff
from tests.energy_world import MTU_MS, WINDOW_MS, World, account, bid, reading, sheet, two_zones
from tests.settlement_case import CITY, FEED_IN, PRICE, RETAIL, Case

LONG = {"correction_window_ms": 600_000}
VAT = tariff(vat_ppm=70_000, ft_micro_per_kwh=162_300)
VAT_RETAIL = (2_636_900 + 162_300) * 107 // 100


def _case(**changes: dict[str, object]) -> Case:
    return Case(metering=LONG, **changes)


def test_more_consumption_is_charged_at_the_tariff_of_the_mtu() -> None:
    case = _case()
    case.measure(bob_load=70)
    before = case.statement("bob")
    case.correct(bob_load=100)
    assert case.gained("bob") == -100 * RETAIL
    assert case.gained("mea") == 100 * RETAIL
    [entry] = case.entries("bob")
    assert (entry.consumed_wh, entry.consumed_change_wh, entry.generated_change_wh) == (100, 30, 0)
    assert (entry.imbalance_before_wh, entry.imbalance_wh) == (-70, -100)
    assert (entry.credited, entry.charged, entry.unpaid) == (0, 30 * RETAIL, 0)
    assert (entry.height, entry.time_ms) == (case.world.height, case.world.time_ms)
    assert case.statement("bob") == before
    assert [event.kind for event in case.world.events].count("settlement.point_corrected") == 1


def test_less_consumption_is_paid_back() -> None:
    case = _case()
    case.measure(bob_load=70)
    case.correct(bob_load=50)
    assert case.gained("bob") == -50 * RETAIL
    assert case.entries("bob")[0].credited == 20 * RETAIL


def test_a_change_of_sign_is_priced_on_both_sides() -> None:
    case = _case()
    case.measure(carol_pv=50, carol_load=10)
    assert case.gained("carol") == 40 * FEED_IN
    case.correct(carol_load=80)
    assert case.gained("carol") == -30 * RETAIL
    [entry] = case.entries("carol")
    assert (entry.imbalance_before_wh, entry.imbalance_wh) == (40, -30)
    assert entry.charged == 40 * FEED_IN + 30 * RETAIL


def test_entries_go_on_from_each_other() -> None:
    case = _case()
    case.measure(bob_load=70)
    case.correct(bob_load=100)
    case.correct(version=2, bob_load=60)
    first, second = case.entries("bob")
    assert (second.imbalance_before_wh, second.imbalance_wh, second.credited) == (first.imbalance_wh, -60, 40 * RETAIL)
    assert case.gained("bob") == -60 * RETAIL
    now = result(case.world.reader, case.mtu, "bob-point")
    assert (now.corrections, now.consumed_wh, now.imbalance_wh, now.amount) == (2, 60, -60, -60 * RETAIL)
    sums = corrected(case.world.reader)
    assert sums == corrected(case.world.reader, case.mtu)
    assert (sums.entries, sums.consumed_wh, sums.charged, sums.credited) == (2, -10, 30 * RETAIL, 40 * RETAIL)
    assert settled(case.world.reader).lack_wh == 70


def test_versions_of_one_block_make_one_entry_for_each_point() -> None:
    case = _case()
    case.measure(alice_pv=10, alice_load=4, bob_load=5)
    case.correct(alice_pv=20, alice_load=6, bob_load=7)
    assert len(case.entries("alice")) == len(case.entries("bob")) == 1
    assert (case.entries("alice")[0].generated_change_wh, case.entries("alice")[0].consumed_change_wh) == (10, 2)


def test_trades_stand_and_lots_of_late_generation_follow_the_money() -> None:
    case = _case()
    case.trade("bob", 100)
    case.measure(alice_pv=60, bob_load=100)
    earned = case.world.held(account("bob"), Denomination.CO2)
    assert case.gained("alice") == 100 * PRICE - 40 * RETAIL
    case.correct(alice_pv=130)
    assert case.gained("alice") == 100 * PRICE + 30 * FEED_IN
    [entry] = case.entries("alice")
    assert (entry.imbalance_before_wh, entry.imbalance_wh, entry.sold_wh, entry.kept_wh) == (-40, 30, 30, 40)
    assert case.lots("mea", retired=False) == [("alice-pv", 30)]
    assert case.lots("alice", retired=False) == [("alice-pv", 40)]
    assert (case.grid("mea"), case.grid("alice")) == (grid_of(30), grid_of(40))
    assert case.world.held(account("bob"), Denomination.CO2) == earned
    assert case.lots("bob", retired=True) == [("alice-pv", 60)]
    assert case.gained("bob") == -100 * (PRICE + CITY + 10_000)
    assert case.world.held(HOLD, Denomination.GRID) == 0


def test_generation_taken_back_claws_back_no_lots() -> None:
    case = _case()
    case.measure(alice_pv=80)
    case.correct(alice_pv=50)
    assert case.gained("alice") == 50 * FEED_IN
    assert case.lots("mea", retired=False) == [("alice-pv", 80)]
    assert case.entries("alice")[0].sold_wh == 0


def test_what_was_estimated_is_final_once_it_is_measured() -> None:
    case = _case()
    case.measure(alice_pv=50)
    assert case.statement("alice").quality is Quality.ESTIMATED
    assert settled(case.world.reader).estimated == 1
    case.correct(version=0, alice_wind=30, alice_load=45)
    [entry] = case.entries("alice")
    assert (entry.quality, entry.imbalance_wh, entry.charged) == (Quality.MEASURED, 35, 15 * FEED_IN)
    assert case.lots("alice", retired=False) == [("alice-wind", 30)]


def test_better_quality_alone_is_an_entry_that_moves_nothing() -> None:
    case = _case()
    case.measure(carol_pv=5)
    case.correct(version=0, carol_load=0)
    [entry] = case.entries("carol")
    assert (entry.quality, entry.credited, entry.charged) == (Quality.MEASURED, 0, 0)


def test_a_point_that_was_never_settled_gets_its_first_entry_against_zeros() -> None:
    case = _case()
    case.measure(bob_load=5)
    case.correct(version=0, carol_load=8)
    [entry] = case.entries("carol")
    assert (entry.imbalance_before_wh, entry.imbalance_wh, entry.charged) == (0, -8, 8 * RETAIL)
    assert statements_of(case.world.reader, account("carol"), 9) == [(case.mtu, "carol-point", None)]
    assert result(case.world.reader, case.mtu, "carol-point").amount == -8 * RETAIL


def test_an_mtu_with_late_readings_alone_needs_no_first_settlement() -> None:
    world: World = two_zones(metering=LONG)
    mtu = world.time_ms // MTU_MS
    world.until((mtu + 1) * MTU_MS + WINDOW_MS)
    before = world.thb("bob")
    world.ok(("bob", reading("bob-load", mtu, consumed_wh=9)))
    assert world.thb("bob") == before - 9 * RETAIL
    assert (progress(world.reader).mtu, progress(world.reader).phase) == (mtu + 1, Phase.WAITING)
    world.ok(("bob", reading("bob-load", mtu, consumed_wh=10, version=1)))
    assert world.thb("bob") == before - 10 * RETAIL


def test_no_correction_overtakes_a_first_settlement() -> None:
    case = Case(metering=LONG, settlement={"steps_per_block": 1})
    world = case.world
    world.until((case.mtu + 1) * MTU_MS)
    world.ok(("bob", [case.said("bob_load", 5, 0), case.said("carol_load", 6, 0)]))
    world.until((case.mtu + 1) * MTU_MS + WINDOW_MS)
    world.ok(("bob", case.said("alice_load", 7, 0)), after_ms=1)
    kinds: list[str] = []
    for _ in range(4):
        world.block(after_ms=1)
        kinds += [event.kind for event in world.events]
    assert kinds == ["settlement.mtu_settled", "settlement.point_corrected"]
    assert case.gained("alice") == -7 * RETAIL


def test_what_is_late_waits_while_orders_of_its_mtu_still_end() -> None:
    case = Case(metering=LONG, market={"expiries_per_block": 1})
    world = case.world
    world.ok(sheet("carol", 1, *(bid(case.mtu, 50, 1_000_000) for _ in range(6))))
    world.until((case.mtu + 1) * MTU_MS + WINDOW_MS)
    world.ok(("bob", case.said("bob_load", 9, 0)), after_ms=1)
    assert (case.entries("bob"), progress(world.reader).mtu <= case.mtu) == ([], True)
    for _ in range(5):
        world.block(after_ms=1)
    assert (len(case.entries("bob")), progress(world.reader).mtu) == (1, case.mtu + 1)


@pytest.mark.parametrize("steps", [1, 2])
def test_corrections_are_bounded_and_go_on_in_order(steps: int) -> None:
    case = Case(metering=LONG, settlement={"steps_per_block": steps})
    world = case.world
    case.measure(bob_load=5)
    while progress(world.reader).mtu <= case.mtu:
        world.block(after_ms=1)
    said = [case.said("carol_load", 3, 0), case.said("bob_load", 6, 1), case.said("alice_pv", 4, 0)]
    world.ok(("bob", said), after_ms=1)
    counts = [sum(len(case.entries(name)) for name in ("alice", "bob", "carol"))]
    for _ in range(2):
        world.block(after_ms=1)
        counts.append(sum(len(case.entries(name)) for name in ("alice", "bob", "carol")))
    assert counts == ([1, 2, 3] if steps == 1 else [2, 3, 3])
    assert case.entries("alice")[0].height < case.entries("carol")[0].height


def test_who_cannot_pay_a_correction_owes_it() -> None:
    case = _case()
    case.measure(bob_load=5)
    case.world.ok(("bob", Transfer(account("erc"), Denomination.THB, case.world.thb("bob"))))
    case.correct(bob_load=9)
    assert case.entries("bob")[0].unpaid == 4 * RETAIL
    assert arrears_of(case.world.reader, account("bob"), 9) == [(account("mea"), 4 * RETAIL)]
    case.correct(version=2, bob_load=8)
    assert arrears_of(case.world.reader, account("bob"), 9) == [(account("mea"), 3 * RETAIL)]
    assert case.world.thb("bob") == 0


def test_tax_follows_the_lack() -> None:
    case = _case(grid={"tariff": VAT})
    case.measure(carol_pv=10, bob_load=1_000)
    assert case.statement("bob").lack_vat == 1_000 * VAT_RETAIL * 7 // 107
    case.correct(bob_load=400, carol_pv=20)
    case.correct(version=2, bob_load=500)
    assert [entry.lack_vat for entry in case.entries("bob")] == [400 * VAT_RETAIL * 7 // 107, 500 * VAT_RETAIL * 7 // 107]
    assert case.entries("carol")[0].lack_vat == 0
    sums = corrected(case.world.reader)
    total = settled(case.world.reader).lack_vat + sums.vat_added - sums.vat_removed
    assert total == 500 * VAT_RETAIL * 7 // 107


def test_a_substituted_value_is_settled_without_a_certificate() -> None:
    case = _case()
    case.world.until((case.mtu + 1) * MTU_MS)
    case.substitute("alice-pv", 90, 0)
    case.measure(alice_load=40, alice_wind=0)
    found = case.statement("alice")
    assert (found.quality, found.generated_wh, found.self_consumed_wh, found.excess_wh) == (Quality.SUBSTITUTED, 90, 0, 50)
    assert case.gained("alice") == 50 * FEED_IN
    assert case.lots("alice", retired=True) == case.lots("mea", retired=False) == []
    case.world.ok(("mea", SubstituteReading("alice-pv", case.mtu, 30, 0, 1, "read off")))
    assert case.gained("alice") == -10 * RETAIL


def test_lots_that_are_more_than_the_generation_go_to_the_owner() -> None:
    case = _case()
    case.world.until((case.mtu + 1) * MTU_MS)
    case.world.ok(("bob", case.said("alice_pv", 90, 0)), ("bob", case.said("alice_pv", 60, 1)))
    case.measure(alice_load=20, alice_wind=0)
    found = case.statement("alice")
    assert (found.generated_wh, found.self_consumed_wh, found.excess_wh) == (60, 20, 40)
    assert case.lots("mea", retired=False) == [("alice-pv", 40)]
    assert case.lots("alice", retired=False) == [("alice-pv", 30)]
