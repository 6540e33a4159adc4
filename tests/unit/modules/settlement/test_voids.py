"""Trades without their device lock: paid back whole, traded by neither side; devices are released when the MTU is settled."""

from __future__ import annotations

import pytest

from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.locks import Lock, is_void, locks
from gridnode.modules.market.messages import AcknowledgeLock
from gridnode.modules.market.queries import line_flows, statistics_of
from gridnode.modules.registry.messages import AddGateway
from gridnode.modules.settlement.queries import delivered_wh, settled
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from tests.energy_world import FEE_MICRO, MTU_MS, account, bid, offer, sheet
from tests.settlement_case import CITY, FEED_IN, PRICE, RETAIL, Case

LOCK_FROM = 50


def _case(**changes: dict[str, object]) -> Case:
    case = Case(market={"lock_from_wh": LOCK_FROM}, **changes)
    case.world.ok(("erc", AddGateway(account("egat"), "box")))
    return case


def _acknowledge(case: Case, energy_wh: int, name: str = "alice") -> int:
    return case.world.block(("egat", AcknowledgeLock(case.mtu, f"{name}-point", energy_wh)))[0]


def test_a_trade_without_its_lock_is_as_if_it_had_never_been() -> None:
    case = _case()
    case.trade("bob", 60)
    case.measure(alice_pv=60, bob_load=60)
    assert case.gained("bob") == -60 * RETAIL
    assert case.gained("alice") == 60 * FEED_IN
    assert case.gained("egat") == 0
    assert (delivered_wh(case.world.reader, case.mtu, 1), is_void(case.world.reader, case.mtu, 1)) == (0, True)
    alice, bob = case.statement("alice"), case.statement("bob")
    assert (alice.sold_wh, alice.excess_wh, alice.work.voided_sold_wh) == (0, 60, 60)
    assert (bob.bought_wh, bob.lack_wh, bob.work.voided_bought_wh, bob.work.purchases) == (0, 60, 60, 0)
    sums = settled(case.world.reader)
    assert (sums.trades, sums.voided, sums.sold_wh, sums.voided_wh) == (0, 1, 0, 60)
    assert case.world.held(account("bob"), Denomination.CO2) == 0
    assert statistics_of(case.world.reader, case.mtu).volume_wh == 60


def test_a_trade_under_its_lock_is_paid() -> None:
    case = _case()
    case.trade("bob", 60)
    assert _acknowledge(case, 60) == 0
    case.measure(alice_pv=60, bob_load=60)
    assert case.gained("alice") == 60 * PRICE
    assert case.gained("bob") == -60 * (PRICE + CITY + FEE_MICRO)
    assert not is_void(case.world.reader, case.mtu, 1)


def test_trades_are_covered_whole_in_their_order_and_a_smaller_one_may_fit_behind() -> None:
    case = _case()
    for energy_wh in (60, 80, 50):
        case.trade("bob", energy_wh)
    case.trade("bob", 10)  # too small for a lock
    assert locks(case.world.reader, case.mtu, 9) == [("alice-point", Lock(190, 0))]
    assert _acknowledge(case, 139) == 0
    case.measure(alice_pv=120, bob_load=120)
    assert [is_void(case.world.reader, case.mtu, number) for number in (1, 2, 3, 4)] == [False, True, False, False]
    assert [delivered_wh(case.world.reader, case.mtu, number) for number in (1, 2, 3, 4)] == [60, 0, 50, 10]
    assert case.statement("alice").sold_wh == 120


def test_an_offer_that_needs_a_lock_needs_it_for_its_small_fills_too() -> None:
    case = _case()
    case.world.ok(sheet("alice", 1, offer(case.mtu, LOCK_FROM, PRICE)))
    case.world.ok(sheet("bob", 1, bid(case.mtu, 5, 5_000_000)))
    case.measure(alice_pv=5)
    assert is_void(case.world.reader, case.mtu, 1)


def test_acknowledgements_count_until_settlement_starts() -> None:
    case = _case(settlement={"steps_per_block": 1})
    case.trade("bob", 60)
    case.trade("bob", 60)
    world = case.world
    world.until((case.mtu + 1) * MTU_MS + 5_000)
    assert _acknowledge(case, 60) == 0
    case.measure(alice_pv=120, bob_load=120)
    assert _acknowledge(case, 120) == MarketCode.NO_LOCK_REQUESTED
    while locks(world.reader, case.mtu, 9):
        world.block(after_ms=1)
    assert [event.kind for event in world.events] == ["settlement.point_settled", "market.lock_released"]
    assert _acknowledge(case, 120) == MarketCode.NO_LOCK_REQUESTED
    assert [is_void(world.reader, case.mtu, number) for number in (1, 2)] == [False, True]


def test_flows_keep_a_void_trade() -> None:
    case = _case()
    case.trade("carol", 60)
    flows = line_flows(case.world.reader, case.mtu)
    case.measure(alice_pv=60)
    assert is_void(case.world.reader, case.mtu, 1)
    assert line_flows(case.world.reader, case.mtu) == flows != [("city-bus", 0), ("north-bus", 0)]


def test_what_is_paid_back_is_not_collected_for_arrears() -> None:
    case = _case()
    case.trade("bob", 60)
    world = case.world
    world.ok(("bob", Transfer(account("erc"), Denomination.THB, world.thb("bob"))))
    case.measure(bob_load=60)
    paid_back = 60 * (PRICE + CITY + FEE_MICRO)
    # His own consumption of 60 Wh is charged after that, as far as it goes.
    assert world.thb("bob") == paid_back - 60 * RETAIL
    assert case.statement("bob").unpaid == 0


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_voids_come_out_the_same_in_small_steps(steps: int) -> None:
    def run(**changes: dict[str, object]) -> Case:
        case = _case(**changes)
        for energy_wh in (60, 80, 50, 7):
            case.trade("bob", energy_wh)
            case.trade("carol", energy_wh)
        _acknowledge(case, 180)
        case.measure(alice_pv=150, bob_load=90, carol_load=200)
        while locks(case.world.reader, case.mtu, 1) or not settled(case.world.reader).points:
            case.world.block(after_ms=1)
        for _ in range(6):
            case.world.block(after_ms=1)
        return case

    small, free = run(settlement={"steps_per_block": steps}), run()
    assert settled(small.world.reader) == settled(free.world.reader)
    for name in ("alice", "bob", "carol"):
        assert small.statement(name) == free.statement(name)
        assert small.gained(name) == free.gained(name)
