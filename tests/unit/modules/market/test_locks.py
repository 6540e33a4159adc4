"""Physical locks: which sales ask for one, who acknowledges it, and until when."""

from __future__ import annotations

from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.locks import Lock, locks
from gridnode.modules.market.messages import AcknowledgeLock
from gridnode.modules.registry.messages import AddGateway
from gridnode.modules.registry.queries import institutions
from gridnode.modules.registry.tables import Role
from tests.energy_world import MTU_MS, World, account, bid, offer, sheet, two_zones

PRICE, LIMIT = 2_500_000, 5_000_000
POINT = "alice-point"


def _world() -> tuple[World, int]:
    """Offers from 100 Wh need a lock; carol is a gateway, too."""
    world = two_zones(market={"lock_from_wh": 100})
    world.ok(("erc", AddGateway(account("carol"), "box")))
    return world, world.time_ms // MTU_MS + 3


def test_only_sales_of_large_offers_ask_for_a_lock() -> None:
    world, mtu = _world()
    world.ok(sheet("alice", 1, offer(mtu, 99, PRICE)), sheet("bob", 1, bid(mtu, 99, LIMIT)))
    assert locks(world.reader, mtu, 9) == []
    world.ok(sheet("alice", 2, offer(mtu, 100, PRICE)))
    assert locks(world.reader, mtu, 9) == []
    world.ok(sheet("bob", 2, bid(mtu, 30, LIMIT)))
    assert locks(world.reader, mtu, 9) == [(POINT, Lock(30, 0))]
    world.ok(sheet("bob", 3, bid(mtu, 50, LIMIT), bid(mtu, 20, LIMIT)))
    assert locks(world.reader, mtu, 9) == [(POINT, Lock(100, 0))]
    assert [event.kind for event in world.events].count("market.lock_requested") == 2
    assert locks(world.reader, mtu, 9, after=POINT) == []


def test_without_the_parameter_no_sale_asks() -> None:
    world = two_zones()
    mtu = world.time_ms // MTU_MS + 3
    world.ok(sheet("alice", 1, offer(mtu, 9_000, PRICE)), sheet("bob", 1, bid(mtu, 9_000, LIMIT)))
    assert locks(world.reader, mtu, 9) == []


def test_a_gateway_acknowledges_and_the_lock_never_falls() -> None:
    world, mtu = _world()
    world.ok(sheet("alice", 1, offer(mtu, 200, PRICE)), sheet("bob", 1, bid(mtu, 150, LIMIT)))
    world.ok(("carol", AcknowledgeLock(mtu, POINT, 80)))
    assert locks(world.reader, mtu, 9) == [(POINT, Lock(150, 80))]
    world.ok(("carol", AcknowledgeLock(mtu, POINT, 80)))
    world.ok(("carol", AcknowledgeLock(mtu, POINT, 900)))
    assert locks(world.reader, mtu, 9) == [(POINT, Lock(150, 900))]
    assert world.block(("carol", AcknowledgeLock(mtu, POINT, 899))) == [MarketCode.LOCK_FALLS]


def test_acknowledgements_refused() -> None:
    world, mtu = _world()
    world.ok(sheet("alice", 1, offer(mtu, 200, PRICE)), sheet("bob", 1, bid(mtu, 150, LIMIT)))
    assert world.block(
        ("bob", AcknowledgeLock(mtu, POINT, 80)),
        ("carol", AcknowledgeLock(mtu, "bob-point", 80)),
        ("carol", AcknowledgeLock(mtu + 1, POINT, 80)),
    ) == [MarketCode.NOT_GATEWAY, MarketCode.NO_LOCK_REQUESTED, MarketCode.NO_LOCK_REQUESTED]
    assert (Role.GATEWAY, account("carol"), "box") in institutions(world.reader)
