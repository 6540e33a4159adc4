"""Lots: every rule and result code of transfers and retirement, and that the hold's lots are nobody's."""

from __future__ import annotations

import pytest

from gridnode.crypto.address import module_address
from gridnode.modules.lots.codes import LotsCode
from gridnode.modules.lots.messages import LotOutput, LotPart, Retire, TransferLots
from gridnode.modules.lots.queries import certificate, energy, lot, lots_of
from gridnode.modules.lots.tables import BUNDLED, HOLD, LOTS
from gridnode.modules.registry.tables import Source
from gridnode.primitives.limits import MAX_LOT_PARTS
from tests.energy_world import MTU_MS, World, account, bid, offer, reading, sheet, two_zones


@pytest.fixture(scope="module")
def settled() -> World:
    """For what is refused: nothing in it changes."""
    return _with_lots()


def _with_lots() -> World:
    """The DSO of CITY owns lot 1 (900 Wh of alice's solar) and lot 2 (400 Wh of her wind), both of one MTU."""
    world = two_zones()
    mtu = world.time_ms // MTU_MS
    world.until((mtu + 1) * MTU_MS)
    world.ok(
        ("bob", reading("alice-pv", mtu, generated_wh=900)),
        ("bob", reading("alice-wind", mtu, generated_wh=400)),
    )
    world.settle(mtu)
    return world


def _transfer(inputs: tuple[int, ...], *outputs: tuple[str, int]) -> TransferLots:
    return TransferLots(inputs, tuple(LotOutput(account(name), energy_wh) for name, energy_wh in outputs))


def _retire(*parts: tuple[int, int], beneficiary: str = "carol", purpose: str = "") -> Retire:
    return Retire(tuple(LotPart(*part) for part in parts), account(beneficiary), purpose)


def test_the_dso_owns_what_nobody_bought(settled: World) -> None:
    owned = lots_of(settled.reader, account("mea"), 10)
    assert [(number, found.energy_wh, found.source) for number, found in owned] == [
        (1, 900, Source.SOLAR),
        (2, 400, Source.WIND),
    ]
    first = owned[0][1]
    assert (first.meter, first.zone, first.origin, first.retired) == ("alice-pv", "CITY", 1, False)
    assert first.carbon_g_per_kwh == 41
    assert owned[1][1].carbon_g_per_kwh == 0  # genesis lists no intensity for wind


def test_a_certificate_tells_when_its_energy_was_made_and_when_it_was_issued() -> None:
    world = two_zones()
    mtu = world.time_ms // MTU_MS
    world.until((mtu + 1) * MTU_MS)
    world.ok(("bob", reading("alice-pv", mtu, generated_wh=900)), after_ms=700)
    issued_ms = world.time_ms
    world.settle(mtu)
    world.ok(("mea", _transfer((1,), ("bob", 300), ("mea", 600))))
    for number in (2, 3):
        found = certificate(world.reader, number, LOTS.require(world.reader, number))
        assert (found.start_ms, found.end_ms) == (mtu * MTU_MS, (mtu + 1) * MTU_MS)
        assert (found.lot.issued_ms, found.lot.origin, found.retired_ms) == (issued_ms, 1, 0)


def test_transfer_splits_and_joins() -> None:
    world = _with_lots()
    world.ok(("mea", _transfer((1,), ("bob", 300), ("mea", 600))))
    assert lot(world.reader, 1) is None
    parts = [lot(world.reader, number) for number in (3, 4)]
    assert [(part.owner, part.energy_wh, part.origin) for part in parts if part] == [
        (account("bob"), 300, 1),
        (account("mea"), 600, 1),
    ]
    world.ok(("mea", _transfer((4,), ("bob", 600))))
    world.ok(("bob", _transfer((3, 5), ("carol", 900))))
    assert lots_of(world.reader, account("bob"), 10) == []
    assert [found.energy_wh for _, found in lots_of(world.reader, account("carol"), 10)] == [900]
    assert energy(world.reader).retired_wh == 0


def test_a_spent_lot_is_gone() -> None:
    world = _with_lots()
    world.ok(("mea", _transfer((1,), ("bob", 900))))
    assert world.block(("mea", _transfer((1,), ("bob", 900)))) == [LotsCode.UNKNOWN_LOT]


def test_two_spends_of_one_lot_in_one_block() -> None:
    world = _with_lots()
    spend = "mea", _transfer((1,), ("bob", 900))
    assert world.block(spend, spend) == [0, LotsCode.UNKNOWN_LOT]


def test_retired_lots_never_move() -> None:
    world = _with_lots()
    world.ok(("mea", _retire((1, 900), purpose="tea of May")))
    assert energy(world.reader).retired_wh == 900
    assert [number for number, _ in lots_of(world.reader, account("mea"), 10, retired=False)] == [2]
    [(number, found)] = lots_of(world.reader, account("carol"), 10, retired=True)
    assert (number, found.energy_wh, found.purpose) == (1, 900, "tea of May")
    assert (found.retired, found.retired_ms) == (True, world.time_ms)
    assert world.block(("carol", _transfer((1,), ("bob", 900)))) == [LotsCode.ALREADY_RETIRED]
    assert world.block(("carol", _retire((1, 1)))) == [LotsCode.ALREADY_RETIRED]


def test_a_part_is_retired_under_a_number_of_its_own() -> None:
    world = _with_lots()
    world.ok(("mea", _retire((1, 250), (2, 400))))
    left = lots_of(world.reader, account("mea"), 10)
    assert [(number, found.energy_wh, found.retired) for number, found in left] == [(1, 650, False)]
    certificates = lots_of(world.reader, account("carol"), 10)
    assert [(number, found.energy_wh, found.origin) for number, found in certificates] == [(2, 400, 2), (3, 250, 1)]
    assert energy(world.reader).retired_wh == 650
    world.ok(("mea", _retire((1, 650), beneficiary="mea")))


@pytest.mark.parametrize(
    ("sender", "message", "code"),
    [
        ("mea", _transfer((1, 1), ("bob", 1_800)), LotsCode.SPENT_TWICE),
        ("mea", _retire((2, 1), (1, 1), (2, 1)), LotsCode.SPENT_TWICE),
        ("mea", _transfer((9,), ("bob", 900)), LotsCode.UNKNOWN_LOT),
        ("mea", _transfer((2**64 - 1,), ("bob", 900)), LotsCode.UNKNOWN_LOT),
        ("bob", _transfer((1,), ("bob", 900)), LotsCode.NOT_OWNER),
        ("bob", _retire((1, 900)), LotsCode.NOT_OWNER),
        ("mea", _transfer((1, 2), ("bob", 1_300)), LotsCode.MIXED_LOTS),
        ("mea", _transfer((1,), ("bob", 0), ("carol", 900)), LotsCode.ZERO_OUTPUT),
        ("mea", _retire((2, 400), (1, 0)), LotsCode.ZERO_OUTPUT),
        ("mea", _retire((2, 400), (1, 901)), LotsCode.MORE_THAN_LOT),
        ("mea", TransferLots((1,), (LotOutput(HOLD, 900),)), LotsCode.RESERVED_ACCOUNT),
        ("mea", TransferLots((1,), (LotOutput(BUNDLED, 900),)), LotsCode.RESERVED_ACCOUNT),
        ("mea", Retire((LotPart(1, 900),), module_address("market/escrow"), ""), LotsCode.RESERVED_ACCOUNT),
        ("mea", _transfer((1,), ("bob", 899)), LotsCode.UNEQUAL_ENERGY),
        ("mea", _transfer((1,), ("bob", 901)), LotsCode.UNEQUAL_ENERGY),
        ("mea", _transfer((1,), *((f"p{i}", 900) for i in range(MAX_LOT_PARTS))), LotsCode.UNEQUAL_ENERGY),
    ],
)
def test_refused(settled: World, sender: str, message: object, code: LotsCode) -> None:
    before = list(settled.reader.scan(b"\x05", b"\x06"))
    assert settled.block((sender, message)) == [code]
    assert list(settled.reader.scan(b"\x05", b"\x06")) == before


def test_lots_of_an_open_settlement_are_nobodys() -> None:
    world = two_zones()
    mtu = world.time_ms // MTU_MS
    world.until((mtu + 1) * MTU_MS)
    world.ok(("bob", reading("alice-pv", mtu, generated_wh=900)))
    assert lots_of(world.reader, account("alice"), 10) == []
    assert lots_of(world.reader, HOLD, 10) == []
    assert world.block(("alice", _transfer((1,), ("bob", 900)))) == [LotsCode.NOT_OWNER]


def test_what_is_received_and_consumed_is_a_certificate_of_the_buyer() -> None:
    world = two_zones()
    mtu = world.time_ms // MTU_MS + 2
    world.ok(sheet("alice", 1, offer(mtu, 500, 2_000_000)), sheet("bob", 1, bid(mtu, 500, 4_000_000)))
    world.until((mtu + 1) * MTU_MS)
    world.ok(
        ("bob", [reading("alice-pv", mtu, generated_wh=500), reading("bob-load", mtu, consumed_wh=500)])
    )
    world.settle(mtu)
    [(_, found)] = lots_of(world.reader, account("bob"), 10)
    assert (found.retired, found.energy_wh, found.meter) == (True, 500, "alice-pv")
    assert found.retired_ms == world.time_ms
