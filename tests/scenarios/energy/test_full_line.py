"""Two zones and one narrow line: it fills, trade goes on inside the zones, a trade the other way opens it again, and all settles.

Written to be read from top to bottom. CITY exports at most 100 Wh an MTU; alice generates in CITY, bob consumes there, carol
consumes and generates in NORTH.
"""

from __future__ import annotations

from dataclasses import replace

from gridnode.modules.market.queries import depth, line_flows, orders_of_mtu, trades_of_mtu
from gridnode.modules.market.tables import OrderStatus
from gridnode.modules.settlement.queries import settled, statement
from tests.chain_in_memory import openings
from tests.energy_world import (
    ACTORS,
    FEE_MICRO,
    MTU_MS,
    SOLAR,
    WIND,
    World,
    account,
    bid,
    offer,
    reading,
    sheet,
    two_zones,
)

CITY, NORTH, LINES = 200_000, 150_000, 220_000
RETAIL = 2_636_900


def _narrow() -> World:
    city, north = openings()["grid"].lines
    return two_zones(grid={"lines": (replace(city, atc_backward_wh=60, atc_forward_wh=100), north)})


def _trades(world: World, mtu: int) -> list[tuple[bytes, bytes, int, int]]:
    return [
        (row.trade.seller, row.trade.buyer, row.trade.energy_wh, row.trade.price_micro)
        for row in trades_of_mtu(world.reader, mtu, 50)
    ]


def test_a_full_line() -> None:
    world = _narrow()
    alice, bob, carol = account("alice"), account("bob"), account("carol")
    mtu = world.time_ms // MTU_MS + 3
    thb = {name: world.thb(name) for name in ACTORS}
    supply = sum(thb.values())

    # carol would take 250 Wh of alice's cheap wind; the line carries 100.
    world.ok(sheet("alice", 1, offer(mtu, 400, 2_000_000, WIND)))
    world.ok(sheet("carol", 1, bid(mtu, 250, 3_000_000)))
    assert _trades(world, mtu) == [(alice, carol, 100, 2_000_000)]
    assert line_flows(world.reader, mtu) == [("city-bus", 100), ("north-bus", -100)]
    assert [(level.zone, level.energy_wh) for level in depth(world.reader, mtu)] == [("NORTH", 150), ("CITY", 300)]

    # Inside CITY trade goes on, though carol's bid is older and dearer.
    world.ok(sheet("bob", 1, bid(mtu, 50, 2_200_000)))
    assert _trades(world, mtu)[1:] == [(alice, bob, 50, 2_000_000)]

    # bob also wants sun, and pays most for it: carol's, offered above her own bid, goes the other way, to him. That frees the line, and
    # her waiting bid gets alice's wind over it at once. bob's bid rested and makes the price: 4.0 less wheeling.
    world.ok(sheet("bob", 2, bid(mtu, 40, 4_000_000, SOLAR)))
    world.ok(sheet("carol", 2, offer(mtu, 40, 3_100_000)))
    assert _trades(world, mtu)[2:] == [
        (carol, bob, 40, 4_000_000 - CITY - LINES),
        (alice, carol, 40, 2_000_000),
    ]
    assert line_flows(world.reader, mtu) == [("city-bus", 100), ("north-bus", -100)]

    # The gate closes; what was not matched expires and its escrow comes back.
    world.until(mtu * MTU_MS - 1_000)
    assert [row.order.status for row in orders_of_mtu(world.reader, mtu, 50)] == [
        OrderStatus.EXPIRED,
        OrderStatus.EXPIRED,
        OrderStatus.FILLED,
        OrderStatus.FILLED,
        OrderStatus.FILLED,
    ]
    assert [row.order.remaining_wh for row in orders_of_mtu(world.reader, mtu, 50)] == [210, 110, 0, 0, 0]

    # Delivery: alice makes 10 Wh less than she sold, carol all of hers, both buyers consume 10 Wh more than they bought.
    world.until((mtu + 1) * MTU_MS)
    world.ok(
        ("bob", reading("alice-wind", mtu, generated_wh=180)),
        ("alice", reading("bob-load", mtu, consumed_wh=100)),
        ("carol", [reading("carol-pv", mtu, generated_wh=40), reading("carol-load", mtu, consumed_wh=150)]),
    )
    world.settle(mtu)

    sums = settled(world.reader)
    assert (sums.trades, sums.sold_wh) == (4, 230)
    # carol generates 40 and consumes 150: she consumes her own 40 before anything is hers to deliver. alice's buyers share her 180 of 190:
    # bob gets 48 and lacks more, carol 132 and lacks 110.
    assert (sums.delivered_wh, sums.self_consumed_wh, sums.certified_wh) == (180, 40, 158)
    found = {name: statement(world.reader, mtu, f"{name}-point") for name in ("alice", "bob", "carol")}
    net = {name: row.excess_wh - row.lack_wh for name, row in found.items() if row}
    assert net == {"alice": 180 - 190, "bob": 90 - 100, "carol": (40 - 150) - (40 - 140)}

    gained = {name: world.thb(name) - thb[name] for name in ACTORS}
    sun = 4_000_000 - CITY - LINES
    assert gained["alice"] == 190 * 2_000_000 - 10 * RETAIL
    assert gained["bob"] == -50 * (2_000_000 + CITY + FEE_MICRO) - 40 * (4_000_000 + FEE_MICRO) - 10 * RETAIL
    assert gained["carol"] == 40 * sun - 140 * (2_000_000 + NORTH + LINES + FEE_MICRO) - 10 * RETAIL
    assert gained["mea"] == 90 * CITY + 20 * RETAIL
    assert gained["pea"] == 140 * NORTH + 10 * RETAIL
    assert gained["egat"] == 180 * LINES + 230 * FEE_MICRO
    assert sum(world.thb(name) for name in ACTORS) == supply
