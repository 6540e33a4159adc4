"""A chain on which something happened: two zones, trades within and across them, a cancel, readings, a settlement, certificates."""

from __future__ import annotations

from gridnode.modules.lots.messages import LotOutput, LotPart, Retire, TransferLots
from gridnode.modules.market.messages import CancelOrder, PlaceSheet
from gridnode.modules.metering.messages import sign_reading
from gridnode.modules.registry.messages import BindMeter, RegisterParticipant, RegisterPoint
from gridnode.modules.registry.tables import Direction, Kind, Source
from gridnode.modules.token.messages import Approve, Transfer
from gridnode.modules.token.tables import Denomination
from tests.chain_in_memory import CHAIN, THB, account, keys_of
from tests.energy_world import FIRST_MTU, MTU_MS, WINDOW_MS, bid, offer
from tests.integration.api.served import ServedChain

MTU = FIRST_MTU + 8
"""Delivery period that is settled."""
LATER_MTU = MTU + 1
FULL_MTU = MTU + 20
"""Delivery period in which more is wanted than the lines take."""
ZONE_OF = {"alice": "CITY", "bob": "CITY", "carol": "NORTH"}
DSO_OF = {"CITY": "mea", "NORTH": "pea"}
METERS = {
    "alice-pv": ("alice", Direction.GENERATION),
    "bob-load": ("bob", Direction.CONSUMPTION),
    "carol-load": ("carol", Direction.CONSUMPTION),
}
GENERATED_WH = 9_000
CONSUMED_WH = {"bob-load": 4_000, "carol-load": 3_000}


async def live_through(chain: ServedChain) -> None:
    """Registration, orders, delivery, settlement; what of it is where is asserted by the tests."""
    await _register(chain)
    await chain.ok("alice", Transfer(account("bob"), Denomination.THB, 2 * THB))
    await chain.ok("alice", Approve(account("bob"), Denomination.THB, 5 * THB))
    await _trade(chain)
    await _deliver(chain)
    await _certify(chain)


async def _register(chain: ServedChain) -> None:
    everyone = [RegisterParticipant(account(name), Kind.PROSUMER, zone, name) for name, zone in ZONE_OF.items()]
    await chain.ok("erc", *everyone)
    for name, zone in ZONE_OF.items():
        await chain.ok(DSO_OF[zone], RegisterPoint(f"{name}-point", account(name), zone))
    for meter, (name, direction) in METERS.items():
        source = Source.SOLAR if direction is Direction.GENERATION else Source.GRID
        key = keys_of(meter).public_key
        message = BindMeter(meter, f"{name}-point", key, direction, source, 100_000)
        await chain.ok(DSO_OF[ZONE_OF[name]], message)


async def _trade(chain: ServedChain) -> None:
    """alice's 9,000 Wh go to bob (4,000) and carol (3,000); 2,000 expire; bob's order for the next MTU is cancelled."""
    await chain.ok("alice", PlaceSheet(1, "alice-point", (offer(MTU, GENERATED_WH, 3_000_000),)))
    await chain.ok(
        "bob", PlaceSheet(1, "bob-point", (bid(MTU, 4_000, 4_000_000), bid(LATER_MTU, 100, 2_500_000)))
    )
    await chain.ok("carol", PlaceSheet(7, "carol-point", (bid(MTU, 3_000, 5_000_000),)))
    await chain.ok("bob", CancelOrder(3))
    await chain.ok("alice", PlaceSheet(2, "alice-point", (offer(FULL_MTU, 60_000, 3_000_000),)))
    await chain.ok("carol", PlaceSheet(8, "carol-point", (bid(FULL_MTU, 60_000, 4_000_000),)))


async def _deliver(chain: ServedChain) -> None:
    tip = chain.store.header
    assert tip is not None
    await chain.block(after_ms=(MTU + 1) * MTU_MS - tip.time_ms)
    signed = [sign_reading(CHAIN, keys_of("alice-pv"), MTU, GENERATED_WH, 0)]
    signed += [sign_reading(CHAIN, keys_of(meter), MTU, 0, energy) for meter, energy in CONSUMED_WH.items()]
    await chain.ok("carol", *signed)
    await chain.block(after_ms=WINDOW_MS)
    await chain.block()


async def _certify(chain: ServedChain) -> None:
    """The DSO bought alice's excess of 2,000 Wh: it gives 500 Wh to bob, who retires them."""
    number = next(
        number for number in range(1, 20) if chain.owner_of_lot(number) == account("mea")
    )
    outputs = (LotOutput(account("bob"), 500), LotOutput(account("mea"), 1_500))
    await chain.ok("mea", TransferLots((number,), outputs))
    bobs = next(
        number for number in range(number + 1, 30) if chain.owner_of_lot(number, retired=False) == account("bob")
    )
    await chain.ok("bob", Retire((LotPart(bobs, 500),), account("bob"), ""))
