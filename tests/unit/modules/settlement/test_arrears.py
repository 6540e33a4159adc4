"""Arrears: who cannot pay pays what is there, owes the rest, may not order, and pays first out of what comes in."""

from __future__ import annotations

from gridnode.modules.market.codes import MarketCode
from gridnode.modules.settlement.codes import SettlementCode
from gridnode.modules.settlement.messages import PayArrears
from gridnode.modules.settlement.queries import arrears_of, settled, statement
from gridnode.modules.token.codes import TokenCode
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from tests.energy_world import MTU_MS, World, account, bid, offer, reading, sheet, two_zones

RETAIL, FEED_IN = 2_636_900, 2_200_000
CITY = 200_000


def _emptied(name: str, left: int) -> World:
    world = two_zones()
    world.ok((name, Transfer(account("erc"), Denomination.THB, world.thb(name) - left)))
    return world


def _consume(world: World, meter: str, energy_wh: int) -> int:
    mtu = world.time_ms // MTU_MS
    world.until((mtu + 1) * MTU_MS)
    world.ok(("erc", reading(meter, mtu, consumed_wh=energy_wh)))
    world.settle(mtu)
    return mtu


def _owed(world: World, name: str) -> list[tuple[bytes, int]]:
    return [(creditor, int(owed)) for creditor, owed in arrears_of(world.reader, account(name), 10)]


def test_what_cannot_be_paid_is_owed() -> None:
    world = _emptied("bob", 1_000)
    dso = world.thb("mea")
    mtu = _consume(world, "bob-load", 10)
    assert world.thb("bob") == 0
    assert world.thb("mea") == dso + 1_000
    assert _owed(world, "bob") == [(account("mea"), 10 * RETAIL - 1_000)]
    found = statement(world.reader, mtu, "bob-point")
    assert found is not None
    assert (found.imbalance, found.unpaid) == (10 * RETAIL, 10 * RETAIL - 1_000)
    assert settled(world.reader).unpaid == found.unpaid


def test_whoever_owes_may_neither_bid_nor_offer() -> None:
    world = _emptied("carol", 0)
    _consume(world, "carol-load", 10)
    world.ok(("erc", Transfer(account("carol"), Denomination.THB, 10**9)))
    mtu = world.time_ms // MTU_MS + 2
    calls = sheet("carol", 1, bid(mtu, 10, 1_000_000)), sheet("carol", 2, offer(mtu, 10, 2_000_000))
    assert world.block(*calls) == [MarketCode.IN_ARREARS, MarketCode.IN_ARREARS]
    world.ok(("carol", PayArrears(account("pea"), 10 * RETAIL)))
    world.ok(*calls)


def test_paying_in_parts() -> None:
    world = _emptied("bob", 0)
    _consume(world, "bob-load", 10)
    world.ok(("erc", Transfer(account("bob"), Denomination.THB, 10 * RETAIL)))
    dso = world.thb("mea")
    world.ok(("bob", PayArrears(account("mea"), 1)))
    assert _owed(world, "bob") == [(account("mea"), 10 * RETAIL - 1)]
    world.ok(("bob", PayArrears(account("mea"), 10 * RETAIL - 1)))
    assert _owed(world, "bob") == []
    assert world.thb("mea") == dso + 10 * RETAIL


def test_payments_refused() -> None:
    world = _emptied("bob", 0)
    _consume(world, "bob-load", 10)
    calls = [
        ("bob", PayArrears(account("mea"), 0)),
        ("bob", PayArrears(account("pea"), 1)),
        ("carol", PayArrears(account("mea"), 1)),
        ("bob", PayArrears(account("mea"), 10 * RETAIL + 1)),
        ("bob", PayArrears(account("mea"), 1)),
    ]
    assert world.block(*calls) == [
        SettlementCode.ZERO_AMOUNT,
        SettlementCode.NO_ARREARS,
        SettlementCode.NO_ARREARS,
        SettlementCode.MORE_THAN_OWED,
        TokenCode.INSUFFICIENT_BALANCE,
    ]


def test_income_of_a_trade_pays_arrears_first() -> None:
    world = _emptied("carol", 0)
    mtu = world.time_ms // MTU_MS + 9
    world.ok(sheet("carol", 1, offer(mtu, 20, 2_000_000)))
    world.ok(sheet("bob", 1, bid(mtu, 20, 5_000_000)))
    _consume(world, "carol-load", 10)
    assert _owed(world, "carol") == [(account("pea"), 10 * RETAIL)]
    world.until((mtu + 1) * MTU_MS)
    world.ok(("erc", reading("carol-pv", mtu, generated_wh=20)))
    world.settle(mtu)
    assert world.thb("carol") == 20 * 2_000_000 - 10 * RETAIL
    assert _owed(world, "carol") == []


def test_income_that_is_too_small_pays_a_part() -> None:
    world = _emptied("alice", 0)
    _consume(world, "alice-load", 10)
    mtu = world.time_ms // MTU_MS
    world.until((mtu + 1) * MTU_MS)
    world.ok(("erc", reading("alice-pv", mtu, generated_wh=4)))
    world.settle(mtu)
    assert world.thb("alice") == 0
    assert _owed(world, "alice") == [(account("mea"), 10 * RETAIL - 4 * FEED_IN)]


def test_a_dso_that_cannot_pay_owes_and_pays_from_what_it_receives() -> None:
    world = _emptied("mea", 0)
    mtu = world.time_ms // MTU_MS
    world.until((mtu + 1) * MTU_MS)
    world.ok(("erc", [reading("alice-pv", mtu, 10), reading("bob-load", mtu, 0, 3)]))
    world.settle(mtu)
    # alice comes before bob by name: nothing was there for her, and bob's payment went on to her.
    assert _owed(world, "mea") == [(account("alice"), 10 * FEED_IN - 3 * RETAIL)]
    assert world.thb("mea") == 0
    world.check()
