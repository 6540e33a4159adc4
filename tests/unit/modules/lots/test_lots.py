"""Lots: every rule and result code of transfers and retirement, and that the hold's lots are nobody's."""

from __future__ import annotations

import pytest

from gridnode.crypto.address import module_address
from gridnode.modules.lots.codes import LotsCode
from gridnode.modules.lots.messages import LotOutput, Retire, TransferLots
from gridnode.modules.lots.queries import energy, lot, lots_of
from gridnode.modules.lots.tables import HOLD
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
    world.ok(("mea", Retire((1,), account("carol"))))
    assert energy(world.reader).retired_wh == 900
    assert lots_of(world.reader, account("mea"), 10, retired=True) == []
    [(number, certificate)] = lots_of(world.reader, account("carol"), 10, retired=True)
    assert (number, certificate.energy_wh, certificate.retired) == (1, 900, True)
    assert world.block(("carol", _transfer((1,), ("bob", 900)))) == [LotsCode.ALREADY_RETIRED]
    assert world.block(("carol", Retire((1,), account("carol")))) == [LotsCode.ALREADY_RETIRED]


@pytest.mark.parametrize(
    ("sender", "message", "code"),
    [
        ("mea", _transfer((1, 1), ("bob", 1_800)), LotsCode.SPENT_TWICE),
        ("mea", Retire((2, 1, 2), account("bob")), LotsCode.SPENT_TWICE),
        ("mea", _transfer((9,), ("bob", 900)), LotsCode.UNKNOWN_LOT),
        ("mea", _transfer((2**64 - 1,), ("bob", 900)), LotsCode.UNKNOWN_LOT),
        ("bob", _transfer((1,), ("bob", 900)), LotsCode.NOT_OWNER),
        ("bob", Retire((1,), account("bob")), LotsCode.NOT_OWNER),
        ("mea", _transfer((1, 2), ("bob", 1_300)), LotsCode.MIXED_LOTS),
        ("mea", _transfer((1,), ("bob", 0), ("carol", 900)), LotsCode.ZERO_OUTPUT),
        ("mea", TransferLots((1,), (LotOutput(HOLD, 900),)), LotsCode.RESERVED_ACCOUNT),
        ("mea", Retire((1,), module_address("market/escrow")), LotsCode.RESERVED_ACCOUNT),
        ("mea", _transfer((1,), ("bob", 899)), LotsCode.UNEQUAL_ENERGY),
        ("mea", _transfer((1,), ("bob", 901)), LotsCode.UNEQUAL_ENERGY),
        ("mea", _transfer((1,), *((f"p{i}", 900) for i in range(MAX_LOT_PARTS))), LotsCode.UNEQUAL_ENERGY),
    ],
)
def test_refused(settled: World, sender: str, message: object, code: LotsCode) -> None:
    assert settled.block((sender, message)) == [code]
    assert lots_of(settled.reader, account("mea"), 10) != []


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
    [(_, certificate)] = lots_of(world.reader, account("bob"), 10)
    assert (certificate.retired, certificate.energy_wh, certificate.meter) == (True, 500, "alice-pv")
