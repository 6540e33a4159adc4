"""Bundles of 1 MWh: how they fill, change hands, are retired and taken apart; every result code; what invariants notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gridnode.codec.records import decode
from gridnode.modules.lots import tables
from gridnode.modules.lots.codes import LotsCode
from gridnode.modules.lots.events import LotsUnbundled
from gridnode.modules.lots.invariants import check_block, check_whole
from gridnode.modules.lots.messages import (
    AddToBundle,
    LotOutput,
    LotPart,
    OpenBundle,
    Retire,
    RetireBundle,
    TransferBundle,
    TransferLots,
    Unbundle,
)
from gridnode.modules.lots.queries import bundle, bundles_of, certificate, energy, lot, lots_inside, lots_of
from gridnode.modules.lots.tables import BUNDLE_WH, BUNDLED, Bundle
from gridnode.modules.registry.tables import Source
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.limits import MAX_LOT_PARTS
from gridnode.state.overlay import State
from tests.energy_world import MTU_MS, World, account, reading, two_zones

MOST_WH = 100_000
"""The most that a meter of the test world generates in an MTU."""


def _world(mtus: int = 11) -> World:
    """The DSO of CITY owns a lot of 100 kWh of alice's solar for each MTU, numbered from 1, and last one of 500 Wh of her wind."""
    world = two_zones()
    first = world.time_ms // MTU_MS
    for mtu in range(first, first + mtus):
        world.until((mtu + 1) * MTU_MS)
        world.ok(("bob", reading("alice-pv", mtu, generated_wh=MOST_WH)))
    world.ok(("bob", reading("alice-wind", first + mtus - 1, generated_wh=500)))
    world.settle(first + mtus - 1)
    assert [number for number, _ in lots_of(world.reader, account("mea"), 99)] == [*range(1, mtus + 2)]
    return world


def _bundle(world: World, number: int = 1) -> Bundle:
    found = bundle(world.reader, number)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def settled() -> World:
    """Bundle 1 is sealed, 2 has one lot, 3 is retired in carol's name, 4 is empty and bob's. Nothing in it changes."""
    world = _world(23)
    for number, lots in ((1, range(1, 11)), (2, range(11, 12)), (3, range(12, 22))):
        world.ok(("mea", OpenBundle(Source.SOLAR)), ("mea", AddToBundle(number, tuple(lots))))
    world.ok(("mea", RetireBundle(3, account("carol"), "a year of trains")), ("bob", OpenBundle(Source.WIND)))
    return world


def test_the_last_lot_is_split_so_that_the_sum_is_exact() -> None:
    world = _world()
    world.ok(("mea", TransferLots((1,), (LotOutput(account("bob"), 40_000), LotOutput(account("mea"), 60_000)))))
    world.ok(("mea", OpenBundle(Source.SOLAR)), ("mea", AddToBundle(1, (14, 2, 3, 4, 5))))
    assert (_bundle(world).energy_wh, _bundle(world).sealed) == (460_000, False)
    world.ok(("mea", AddToBundle(1, (6, 7, 8, 9, 10, 11))))
    assert (_bundle(world).energy_wh, _bundle(world).lots) == (BUNDLE_WH, 11)
    assert _bundle(world).sealed_ms == world.time_ms
    rest = lot(world.reader, 11)
    assert rest is not None
    assert (rest.owner, rest.energy_wh, rest.bundle) == (account("mea"), 60_000, 0)
    inside = lots_inside(world.reader, 1, 99)
    assert sum(found.energy_wh for _, found in inside) == BUNDLE_WH
    assert (inside[-1][0], inside[-1][1].energy_wh, inside[-1][1].origin) == (15, 40_000, 11)


def test_a_bundle_changes_hands_and_is_retired_in_one_row(settled: World) -> None:
    world = _world()
    world.ok(("mea", OpenBundle(Source.SOLAR)), ("mea", AddToBundle(1, tuple(range(1, 11)))))
    before = dict(world.reader.scan(b"\x05\x02", b"\x05\x03"))
    world.ok(("mea", TransferBundle(1, account("bob"))))
    world.ok(("bob", RetireBundle(1, account("carol"), "steel")))
    assert dict(world.reader.scan(b"\x05\x02", b"\x05\x03")) == before  # rows of lots
    assert energy(world.reader).retired_wh == BUNDLE_WH
    found = lot(world.reader, 1)
    assert found is not None
    seen = certificate(world.reader, 1, found)
    assert (seen.owner, seen.retired_ms, seen.purpose) == (account("carol"), world.time_ms, "steel")
    assert [number for number, _ in bundles_of(world.reader, account("carol"), 9, retired=True)] == [1]
    assert bundles_of(world.reader, account("carol"), 9, retired=False) == []
    assert bundles_of(world.reader, account("bob"), 9) == []


def test_a_bundle_is_taken_apart_and_filled_again() -> None:
    world = _world()
    ten = tuple(range(1, 11))
    world.ok(("mea", OpenBundle(Source.SOLAR)), ("mea", AddToBundle(1, ten)))
    world.ok(("mea", TransferBundle(1, account("bob"))), ("bob", Unbundle(1)))
    assert bundle(world.reader, 1) is None
    assert [number for number, _ in lots_of(world.reader, account("bob"), 99)] == [*ten]
    world.ok(("bob", OpenBundle(Source.SOLAR)), ("bob", AddToBundle(2, ten[::-1])))
    assert _bundle(world, 2).sealed


def test_taking_apart_is_bounded_by_the_message() -> None:
    world = _world(1)
    pieces = 2 * MAX_LOT_PARTS - 5
    outputs = [LotOutput(account("mea"), 1)] * (MAX_LOT_PARTS - 1)
    world.ok(("mea", TransferLots((1,), (*outputs, LotOutput(account("mea"), MOST_WH - len(outputs))))))
    [*_, (last, found)] = lots_of(world.reader, account("mea"), 999)
    world.ok(("mea", TransferLots((last,), (*outputs, LotOutput(account("mea"), found.energy_wh - len(outputs))))))
    small = [number for number, found in lots_of(world.reader, account("mea"), 999) if found.energy_wh == 1][:pieces]
    world.ok(("mea", OpenBundle(Source.SOLAR)))
    world.ok(("mea", AddToBundle(1, tuple(small[:60]))), ("mea", AddToBundle(1, tuple(small[60:]))))
    world.ok(("mea", Unbundle(1)))
    told = decode(LotsUnbundled, world.events[-1].body)
    assert (len(told.lots), told.left) == (MAX_LOT_PARTS, pieces - MAX_LOT_PARTS)
    assert (_bundle(world).lots, _bundle(world).energy_wh) == (told.left, told.left)
    world.ok(("mea", Unbundle(1)))
    assert bundle(world.reader, 1) is None


def test_an_empty_bundle_is_deleted() -> None:
    world = _world(1)
    world.ok(("bob", OpenBundle(Source.WIND)), ("bob", Unbundle(1)))
    assert bundle(world.reader, 1) is None
    world.ok(("bob", OpenBundle(Source.WIND)))
    assert _bundle(world, 2).lots == 0


def test_a_sealed_bundle_that_lost_lots_is_open_until_it_is_full_again() -> None:
    world = _world()
    cuts = [LotOutput(account("mea"), 1_000)] * (MAX_LOT_PARTS - 1)
    world.ok(("mea", TransferLots((10,), (*cuts, LotOutput(account("mea"), MOST_WH - 1_000 * len(cuts))))))
    cut = tuple(number for number, _ in lots_of(world.reader, account("mea"), 99) if number > 12)
    world.ok(("mea", OpenBundle(Source.SOLAR)))
    world.ok(("mea", AddToBundle(1, tuple(range(1, 10)))), ("mea", AddToBundle(1, cut)))
    assert _bundle(world).sealed
    world.ok(("mea", Unbundle(1)))
    assert (_bundle(world).lots, _bundle(world).sealed) == (9, False)
    assert world.block(("mea", RetireBundle(1, account("mea"), ""))) == [LotsCode.BUNDLE_NOT_SEALED]
    world.ok(("mea", AddToBundle(1, (*range(1, 10), *cut[: MAX_LOT_PARTS - 9]))))
    assert _bundle(world).sealed


@pytest.mark.parametrize(
    ("sender", "message", "code"),
    [
        ("mea", OpenBundle(Source.GRID), LotsCode.NO_TECHNOLOGY),
        ("mea", AddToBundle(9, (23,)), LotsCode.UNKNOWN_BUNDLE),
        ("mea", AddToBundle(2**64 - 1, (23,)), LotsCode.UNKNOWN_BUNDLE),
        ("bob", AddToBundle(2, (23,)), LotsCode.NOT_BUNDLE_OWNER),
        ("carol", AddToBundle(3, (23,)), LotsCode.BUNDLE_RETIRED),
        ("mea", AddToBundle(1, (23,)), LotsCode.BUNDLE_SEALED),
        ("mea", AddToBundle(2, (23, 23)), LotsCode.SPENT_TWICE),
        ("mea", AddToBundle(2, (99,)), LotsCode.UNKNOWN_LOT),
        ("mea", AddToBundle(2, (1,)), LotsCode.IN_BUNDLE),
        ("bob", AddToBundle(4, (23,)), LotsCode.NOT_OWNER),
        ("mea", AddToBundle(2, (24,)), LotsCode.OTHER_SOURCE),
        ("mea", TransferLots((1,), (LotOutput(account("bob"), MOST_WH),)), LotsCode.IN_BUNDLE),
        ("mea", Retire((LotPart(12, 1),), account("mea"), ""), LotsCode.IN_BUNDLE),
        ("mea", TransferLots((22, 23), (LotOutput(account("bob"), 2 * MOST_WH),)), LotsCode.MIXED_LOTS),
        ("mea", TransferBundle(9, account("bob")), LotsCode.UNKNOWN_BUNDLE),
        ("bob", TransferBundle(1, account("bob")), LotsCode.NOT_BUNDLE_OWNER),
        ("carol", TransferBundle(3, account("bob")), LotsCode.BUNDLE_RETIRED),
        ("mea", TransferBundle(2, account("bob")), LotsCode.BUNDLE_NOT_SEALED),
        ("mea", TransferBundle(1, BUNDLED), LotsCode.RESERVED_ACCOUNT),
        ("carol", RetireBundle(3, account("bob"), ""), LotsCode.BUNDLE_RETIRED),
        ("mea", RetireBundle(2, account("bob"), ""), LotsCode.BUNDLE_NOT_SEALED),
        ("mea", RetireBundle(1, BUNDLED, ""), LotsCode.RESERVED_ACCOUNT),
        ("mea", Unbundle(9), LotsCode.UNKNOWN_BUNDLE),
        ("bob", Unbundle(1), LotsCode.NOT_BUNDLE_OWNER),
        ("carol", Unbundle(3), LotsCode.BUNDLE_RETIRED),
    ],
)
def test_refused(settled: World, sender: str, message: object, code: LotsCode) -> None:
    before = list(settled.reader.scan(b"\x05", b"\x06"))
    assert settled.block((sender, message)) == [code], settled.details
    assert list(settled.reader.scan(b"\x05", b"\x06")) == before


def test_lots_behind_the_one_that_fills_are_refused() -> None:
    world = _world()
    world.ok(("mea", OpenBundle(Source.SOLAR)))
    assert world.block(("mea", AddToBundle(1, tuple(range(1, 12))))) == [LotsCode.LOTS_LEFT_OVER]


def _lot(number: int, **changes: object) -> Callable[[State], None]:
    return lambda state: tables.LOTS.put(state, number, replace(tables.LOTS.require(state, number), **changes))


def _changed(number: int, **changes: object) -> Callable[[State], None]:
    return lambda state: tables.BUNDLES.put(state, number, replace(tables.BUNDLES.require(state, number), **changes))


DAMAGE: dict[str, Callable[[State], None]] = {
    "a bundle is retired and not counted": _changed(1, retired_ms=1),
    "a bundle is sealed too soon": _changed(2, sealed_ms=1),
    "a bundle counts more energy": _changed(2, energy_wh=BUNDLE_WH),
    "a bundle counts more lots": _changed(2, lots=2),
    "a bundle of another technology": _changed(2, source=Source.WIND),
    "an owner changes and is not listed": _changed(1, owner=account("bob")),
    "a purpose without a retirement": _changed(1, purpose="none"),
    "a retired bundle opens": _changed(3, retired_ms=0, purpose=""),
    "a bundle vanishes": lambda state: tables.BUNDLES.delete(state, 4),
    "a bundle unlisted": lambda state: tables.BUNDLES_OWNED.delete(state, account("mea"), 1),
    "a bundle listed twice": lambda state: tables.BUNDLES_OWNED.put(state, account("bob"), 1, False),
    "a lot inside grows": _lot(1, energy_wh=MOST_WH + 1),
    "a lot leaves and stays listed": _lot(1, bundle=0, owner=account("mea")),
    "a lot inside of a retired bundle leaves": _lot(12, bundle=0, owner=account("mea")),
    "a lot in a bundle under a person's name": _lot(1, owner=account("mea")),
    "a lot inside is retired by itself": _lot(1, retired_ms=1),
    "a lot inside unlisted": lambda state: tables.INSIDE.delete(state, 1, 1),
    "a row without a lot": lambda state: tables.INSIDE.put(state, 1, 99, True),
    "a purpose of a lot that is not retired": _lot(23, purpose="none"),
    "a lot unlisted": lambda state: tables.OWNED.delete(state, account("mea"), 23),
    "a lot's number was not given": lambda state: tables.NEXT.put(state, 3),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_noticed(settled: World, damage: Callable[[State], None]) -> None:
    state = State(settled.reader)
    damage(state)
    with pytest.raises(InvariantBroken):
        check_block(settled.reader, state.writes())
    with pytest.raises(InvariantBroken):
        check_whole(state)
