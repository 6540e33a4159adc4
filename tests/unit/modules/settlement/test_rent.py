"""Congestion rent and tax: who pays them, where they stand, and who may spend the rent; and the module's codes."""

from __future__ import annotations

from gridnode.modules.grid.tables import Line
from gridnode.modules.market.auction_tables import CONGESTION
from gridnode.modules.market.queries import trades_of_mtu
from gridnode.modules.market.tables import ESCROW_ACCOUNT, Mode
from gridnode.modules.settlement.codes import SettlementCode
from gridnode.modules.settlement.correction_tables import Spending
from gridnode.modules.settlement.messages import SpendRent
from gridnode.modules.settlement.queries import congestion, settled, spendings
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.units import cost
from tests.chain_in_memory import tariff
from tests.energy_world import account as named
from tests.energy_world import bid, offer, sheet
from tests.settlement_case import CITY, Case

ROOM_WH = 30


def _case() -> Case:
    """alice sells to bob and carol in an auction; the line to carol takes 30 Wh of the 60 that she wants."""
    lines = (
        Line("city-bus", "CITY", "BUS", ROOM_WH, ROOM_WH, named("egat")),
        Line("north-bus", "NORTH", "BUS", 70_000, 70_000, named("egat")),
    )
    case = Case(market={"mode": Mode.AUCTION}, grid={"lines": lines, "tariff": tariff(vat_ppm=70_000)})
    case.world.ok(
        sheet("alice", 1, offer(case.mtu, 100, 2_000_000)),
        sheet("bob", 1, bid(case.mtu, 40, 3_000_000)),
        sheet("carol", 1, bid(case.mtu, 60, 4_000_000)),
    )
    return case.measure(alice_pv=70, bob_load=40, carol_load=30)


def test_rent_goes_from_escrow_to_its_account() -> None:
    case = _case()
    trades = [row.trade for row in trades_of_mtu(case.world.reader, case.mtu, 9)]
    rent = sum(cost(trade.energy_wh, trade.rent_micro) for trade in trades)
    assert rent > 0
    assert case.world.held(CONGESTION, Denomination.THB) == rent == settled(case.world.reader).rent
    assert congestion(case.world.reader) == (rent, rent, 0)
    assert case.statement("carol").work.rent == rent
    assert case.statement("bob").work.rent == 0
    assert case.world.held(ESCROW_ACCOUNT, Denomination.THB) == 0
    carol = next(trade for trade in trades if trade.buyer == named("carol"))
    assert (carol.energy_wh, carol.path > 0) == (ROOM_WH, True)
    work = case.statement("carol").work
    assert work.purchases == cost(ROOM_WH, carol.price_micro) + work.wheeling + work.rent + work.fees
    assert case.gained("carol") == -work.purchases


def test_tax_is_shown_in_wheeling_and_not_moved() -> None:
    case = _case()
    wheeling = case.statement("bob").work.wheeling
    assert wheeling == 40 * CITY
    assert case.statement("bob").wheeling_vat == wheeling * 7 // 107
    assert case.gained("mea") == wheeling
    sums = settled(case.world.reader)
    assert sums.wheeling_vat == sum(case.statement(name).wheeling_vat for name in ("alice", "bob", "carol"))
    assert sums.lack_vat == 0


def test_a_regulator_spends_rent() -> None:
    case = _case()
    world = case.world
    there = congestion(world.reader).balance
    before = world.thb("pea")
    world.ok(("erc", SpendRent(named("pea"), there - 1, "a second circuit")))
    assert world.thb("pea") == before + there - 1
    assert congestion(world.reader) == (1, there, there - 1)
    assert [event.kind for event in world.events] == ["settlement.rent_spent"]
    world.ok(("erc", SpendRent(named("mea"), 1, "")))
    assert spendings(world.reader, 9) == [
        (2, Spending(named("mea"), 1, "", named("erc"), world.height, world.time_ms)),
        (1, Spending(named("pea"), there - 1, "a second circuit", named("erc"), world.height - 1, world.time_ms - 100)),
    ]
    assert [number for number, _ in spendings(world.reader, 9, before=2)] == [1]


def test_spendings_refused() -> None:
    case = _case()
    there = congestion(case.world.reader).balance
    assert case.world.block(
        ("alice", SpendRent(named("pea"), 0, "")),
        ("alice", SpendRent(named("alice"), 1, "mine")),
        ("erc", SpendRent(ESCROW_ACCOUNT, 1, "")),
        ("erc", SpendRent(named("pea"), there + 1, "")),
    ) == [
        SettlementCode.ZERO_AMOUNT,
        SettlementCode.NOT_REGULATOR,
        SettlementCode.RESERVED_ACCOUNT,
        SettlementCode.MORE_THAN_THERE,
    ]
    assert congestion(case.world.reader).balance == there


def test_codes_are_frozen() -> None:
    assert [(code.name, int(code)) for code in SettlementCode] == [
        ("ZERO_AMOUNT", 801),
        ("NO_ARREARS", 802),
        ("MORE_THAN_OWED", 803),
        ("NOT_REGULATOR", 804),
        ("RESERVED_ACCOUNT", 805),
        ("MORE_THAN_THERE", 806),
    ]
