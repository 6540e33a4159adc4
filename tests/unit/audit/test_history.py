"""What the audit learns along the way: tariffs, holidays, bounds and points from blocks; blocks that cannot follow on each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridnode.audit.findings import Fault
from gridnode.audit.frame import Frame
from gridnode.audit.reading import opening
from gridnode.audit.verify import Audit
from gridnode.chain.genesis import ModuleGenesis
from gridnode.modules.grid.messages import SetHolidays, SetTariff
from gridnode.modules.grid.network import adders
from gridnode.modules.grid.tables import GridGenesis, Holiday
from gridnode.modules.grid.tariffs import Charge
from gridnode.modules.market.market_orders import market_limit
from gridnode.modules.market.messages import PlaceSheet, SetBounds
from gridnode.modules.market.tables import BOUNDS, MarketGenesis, Mode, Side, Terms
from gridnode.primitives.errors import Malformed
from tests.chain_in_memory import NOTICE_MTUS, tariff
from tests.energy_world import FIRST_MTU, MTU_MS, bid, offer
from tests.market_chain import MarketChain, audit, market_genesis

LATER = FIRST_MTU + NOTICE_MTUS + 20


def dearer() -> MarketChain:
    """A chain whose regulator sets another tariff, holidays and bounds for later; then it is later, and orders meet at both rates."""
    chain = MarketChain(mode=Mode.BOTH, call_ms=1_000, open_ahead_mtus=8)
    charges = (Charge("CITY", (310_000, 210_000)), Charge("NORTH", (260_000, 160_000)))
    other = tariff(ft_micro_per_kwh=162_300, vat_ppm=70_000, distribution=charges)
    coarse = replace(chain.genesis_bounds(), price_tick_micro=10_000)
    chain.ok(
        ("erc", SetTariff(LATER, other)),
        ("erc", SetHolidays(2, (Holiday(2, "Festival"),))),
        ("erc", SetBounds(LATER, coarse)),
    )
    chain.until((LATER - 4) * MTU_MS)
    for mtu in (LATER - 1, LATER, LATER + 1):
        sheet_id = mtu - LATER + 1
        chain.ok(("alice", PlaceSheet(sheet_id, "alice-point", (offer(mtu, 500, 1_500_000), offer(mtu, 90, 2_500_000)))))
        market = replace(bid(mtu, 300, 0), terms=Terms.MARKET)
        sells = replace(offer(mtu, 30, 0), terms=Terms.MARKET)
        chain.ok(
            ("carol", PlaceSheet(sheet_id, "carol-point", (market, bid(mtu, 400, 1_600_000)))),
            ("dora", PlaceSheet(sheet_id, "dora-point", (sells,))),
        )
        chain.ok(("bob", PlaceSheet(sheet_id, "bob-point", (bid(mtu, 700, 2_400_000),))))
    chain.until((LATER + 2) * MTU_MS)
    chain.until((LATER + 2) * MTU_MS + 1_000)
    return chain


def test_what_the_regulator_changes_is_followed() -> None:
    """Wheeling and limits of market orders come from the tariff in force; a chain that knew only genesis would find fault."""
    chain = dearer()
    report = audit(chain.genesis, chain.recorded)
    assert report.findings == []
    assert report.fills >= 6
    ignorant = Audit(chain.genesis, 1)
    ignorant._history.frame.set_tariff = lambda message: None  # type: ignore[method-assign]
    for block in chain.recorded:
        if not ignorant.take(block):
            break
    assert ignorant.report.findings[0].fault is Fault.FILL


def test_the_frame_is_that_of_the_state() -> None:
    """Adders, limits of market orders and bounds, before and behind each change, as the node's own queries say."""
    chain = dearer()
    frame = Frame(opening(chain.genesis, "grid", GridGenesis), opening(chain.genesis, "market", MarketGenesis))
    for told in chain.recorded:
        for message in chain.messages(told):
            if isinstance(message, SetTariff):
                frame.set_tariff(message)
            elif isinstance(message, SetHolidays):
                frame.set_holidays(message)
            elif isinstance(message, SetBounds):
                frame.set_bounds(message.from_mtu, message.bounds)
    reader = chain.chain.reader
    for mtu in (FIRST_MTU, FIRST_MTU + 40, LATER - 1, LATER, LATER + 40, FIRST_MTU + 2 * 96 + 40, FIRST_MTU + 3 * 96 + 40):
        assert frame.adders(mtu) == adders(reader, mtu)
        bounds = [value for (start,), value in BOUNDS.scan(reader) if start <= mtu][-1]
        assert frame.bounds(mtu) == bounds
        for side in Side:
            assert frame.market_limit(mtu, side) == market_limit(reader, frame.market, bounds, mtu, side)


def test_blocks_that_are_left_out_or_come_twice_are_noticed() -> None:
    chain = dearer()
    for blocks in (chain.recorded[:5] + chain.recorded[6:], [chain.recorded[0], *chain.recorded]):
        assert audit(chain.genesis, blocks).findings[0].fault is Fault.CHAIN


def test_another_genesis_is_noticed() -> None:
    chain = dearer()
    other = market_genesis(mode=Mode.BOTH, call_ms=1_000, open_ahead_mtus=7)
    assert audit(other, chain.recorded).findings[0].text == "previous_hash is not the hash of the block before"


def test_a_genesis_without_a_market_cannot_be_audited() -> None:
    start = market_genesis()
    without = tuple(entry for entry in start.modules if entry.module != "market")
    for modules in (without, (*without, ModuleGenesis("market", b"\x90"))):
        with pytest.raises(Malformed):
            Audit(replace(start, modules=modules), 1)
