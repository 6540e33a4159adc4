"""Statements with corrections, an owner's list, and device locks, over the API of a chain where readings come late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import trio

from gridnode.modules.market.messages import AcknowledgeLock, PlaceSheet
from gridnode.modules.metering.messages import sign_reading
from gridnode.modules.metering.tables import MeteringGenesis
from gridnode.modules.registry.messages import AddGateway, BindMeter, RegisterParticipant, RegisterPoint
from gridnode.modules.registry.tables import Direction, Kind, Source
from tests.chain_in_memory import CHAIN, account, genesis, keys_of, openings
from tests.energy_world import FIRST_MTU, MTU_MS, WINDOW_MS, bid, offer
from tests.integration.api.served import ServedChain, all_rows, ask, refused, text

MTU = FIRST_MTU + 6
LATER_MTU = MTU + 10
RETAIL = 2_636_900


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedChain]:
    """alice sells bob 60 Wh without a lock and, for a later MTU, 70 Wh with a part of one; bob's meter corrects itself twice."""
    market = replace(openings()["market"], lock_from_wh=50)
    start = genesis(metering=MeteringGenesis(WINDOW_MS, 600_000), market=market)
    chain = ServedChain(tmp_path_factory.mktemp("late"), start)
    trio.run(_live, chain)
    yield chain
    chain.store.close()


async def _live(chain: ServedChain) -> None:
    meters = {"alice": ("alice-pv", Direction.GENERATION, Source.SOLAR), "bob": ("bob-load", Direction.CONSUMPTION, Source.GRID)}
    for name, (meter, direction, source) in meters.items():
        point = f"{name}-point"
        await chain.ok("erc", RegisterParticipant(account(name), Kind.PROSUMER, "CITY", name))
        await chain.ok("mea", RegisterPoint(point, account(name), "CITY"))
        await chain.ok("mea", BindMeter(meter, point, keys_of(meter).public_key, direction, source, 10_000))
    await chain.ok("erc", AddGateway(account("egat"), "edge box"))
    await chain.ok("alice", PlaceSheet(1, "alice-point", (offer(MTU, 60, RETAIL), offer(LATER_MTU, 70, RETAIL))))
    await chain.ok("bob", PlaceSheet(1, "bob-point", (bid(MTU, 60, 5_000_000), bid(LATER_MTU, 70, 5_000_000))))
    await chain.ok("egat", AcknowledgeLock(LATER_MTU, "alice-point", 30))
    await _wait_for(chain, (MTU + 1) * MTU_MS)
    await chain.ok("bob", sign_reading(CHAIN, keys_of("bob-load"), MTU, 0, 50))
    await _wait_for(chain, (MTU + 1) * MTU_MS + WINDOW_MS)
    for version, energy_wh in ((1, 80), (2, 40)):
        await chain.ok("bob", sign_reading(CHAIN, keys_of("bob-load"), MTU, 0, energy_wh, version))


async def _wait_for(chain: ServedChain, time_ms: int) -> None:
    tip = chain.store.header
    assert tip is not None
    await chain.block(after_ms=time_ms - tip.time_ms)


def test_a_statement_and_its_corrections(late: ServedChain) -> None:
    told = ask(late, f"energy/settlements/{MTU}/bob-point")
    assert (told["statement"]["consumed_wh"], told["statement"]["lack_wh"]) == (50, 50)
    assert (told["statement"]["voided_bought_wh"], told["statement"]["bought_wh"]) == (60, 0)
    rows = told["rows"]
    assert [(row["entry"], row["consumed_wh"], row["imbalance_wh"]) for row in rows] == [(1, 80, -80), (2, 40, -40)]
    assert [row["amount"] for row in rows] == [str(-30 * RETAIL), str(40 * RETAIL)]
    assert rows[0]["amount_thb"] == "-0.079107"
    assert told["result"]["amount"] == str(-40 * RETAIL)
    assert (told["result"]["corrections"], told["result"]["quality"], told["result"]["estimated"]) == (2, "measured", False)
    assert all_rows(late, f"energy/settlements/{MTU}/bob-point", 1) == rows


def test_lists_tell_what_corrections_came_to(late: ServedChain) -> None:
    told = ask(late, "energy/settlements", mtu=MTU)
    assert (told["corrections"]["entries"], told["corrections"]["amount"]) == (2, str(10 * RETAIL))
    assert [row["result"]["corrections"] for row in told["rows"]] == [0, 2]
    alice = told["rows"][0]
    assert (alice["estimated"], alice["voided_sold_wh"], alice["sold_wh"]) == (True, 60, 0)
    assert (told["totals"]["voided"], told["totals"]["estimated"]) == (1, 1)
    assert [row["mtu"] for row in all_rows(late, "energy/settlements", 1, owner=text("bob"))] == [MTU]


def test_locks_and_void_trades(late: ServedChain) -> None:
    row = {"point": "alice-point", "requested_wh": 70, "acknowledged_wh": 30, "missing_wh": 40}
    assert ask(late, "energy/locks", mtu=LATER_MTU)["rows"] == [row]
    assert ask(late, "energy/locks", mtu=MTU)["rows"] == []
    assert [ask(late, f"energy/trades/{number}")["void"] for number in (1, 2)] == [True, False]
    assert refused(late, "energy/locks")[2] == "mtu"


def test_gateways_are_institutions(late: ServedChain) -> None:
    assert {"role": "gateway", "account": text("egat"), "name": "edge box"} in ask(late, "institutions")
