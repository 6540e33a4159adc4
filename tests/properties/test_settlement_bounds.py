"""However small the work of a block, and whenever a node restarts, orders meet and MTUs settle as if one block had done it all."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.modules.lots.tables import LOTS
from gridnode.modules.market.messages import SheetEntry
from gridnode.modules.market.queries import orders_of_mtu, trades_of_mtu
from gridnode.modules.market.tables import PENDING, PERIODS, POSITIONS
from gridnode.modules.metering.tables import SUMS
from gridnode.modules.settlement.queries import settled, settled_by_mtu, statements
from gridnode.modules.settlement.tables import DELIVERIES
from gridnode.modules.token.tables import BALANCES
from tests.energy_world import MTU_MS, START_MS, WINDOW_MS, Call, World, bid, offer, reading, sheet, two_zones

FIRST = START_MS // MTU_MS + 40
MTUS = (FIRST, FIRST + 1)
ENERGIES = st.sampled_from([1, 40, 100, 900])
PRICES = st.integers(2, 8).map(lambda step: step * 500_000)
BIDS = st.tuples(st.sampled_from(["bob", "carol", "alice"]), st.builds(bid, st.sampled_from(MTUS), ENERGIES, PRICES))
OFFERS = st.tuples(st.sampled_from(["alice", "carol"]), st.builds(offer, st.sampled_from(MTUS), ENERGIES, PRICES))
METERS = ("alice-pv", "alice-load", "bob-load", "carol-pv", "carol-load")
BLOCKS = st.lists(st.lists(BIDS | OFFERS, min_size=1, max_size=8), min_size=1, max_size=4)


def _day(world: World, blocks: list[list[tuple[str, SheetEntry]]], energies: list[int], restarts: bool) -> World:
    """Orders block by block, those taken matched to their end; readings; settlement to its end."""
    world.full_checks = False
    for number, orders in enumerate(blocks):
        calls: list[Call] = [sheet(name, 100 * number + place, entry) for place, (name, entry) in enumerate(orders)]
        world.block(*calls, after_ms=1)
        _work_off(world, restarts, PENDING)
    for mtu in MTUS:
        world.until((mtu + 1) * MTU_MS)
        figures = [
            reading(meter, mtu, 0, energy) if meter.endswith("load") else reading(meter, mtu, energy, 0)
            for meter, energy in zip(METERS, energies, strict=True)
        ]
        world.ok(("erc", figures), after_ms=1)
    world.until((MTUS[-1] + 1) * MTU_MS + WINDOW_MS)
    _work_off(world, restarts, PERIODS, SUMS, POSITIONS)
    world.block(after_ms=1)
    world.check()
    return world


def _work_off(world: World, restarts: bool, *tables: object) -> None:
    while any(any(True for _ in table.scan(world.reader)) for table in tables):  # type: ignore[attr-defined]
        if restarts:
            world.restart()
        world.block(after_ms=1)


def _outcome(world: World) -> list[object]:
    """All that must come out the same; not the times of blocks, of which small work takes more."""
    reader = world.reader
    return [
        settled(reader),
        settled_by_mtu(reader, 10),
        *(statements(reader, mtu, 10) for mtu in MTUS),
        *([replace(row.order, placed_ms=0) for row in orders_of_mtu(reader, mtu, 100)] for mtu in MTUS),
        *([row.trade.energy_wh for row in trades_of_mtu(reader, mtu, 100)] for mtu in MTUS),
        list(DELIVERIES.scan(reader)),
        [(number, replace(lot, retired_ms=0)) for number, lot in LOTS.scan(reader)],
        list(BALANCES.scan(reader)),
    ]


@settings(max_examples=40)
@given(
    blocks=BLOCKS,
    energies=st.lists(st.sampled_from([0, 3, 70, 500, 2_000]), min_size=len(METERS), max_size=len(METERS)),
    steps=st.tuples(st.integers(2, 5), st.integers(1, 4), st.integers(1, 4)),
    restarts=st.booleans(),
)
def test_bounds_and_restarts_change_nothing(
    blocks: list[list[tuple[str, SheetEntry]]],
    energies: list[int],
    steps: tuple[int, int, int],
    restarts: bool,
) -> None:
    matching, expiry, settling = steps
    small = two_zones(
        market={"match_steps_per_block": matching, "expiries_per_block": expiry},
        settlement={"steps_per_block": settling},
    )
    assert _outcome(_day(small, blocks, energies, restarts)) == _outcome(_day(two_zones(), blocks, energies, False))
