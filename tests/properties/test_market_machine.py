"""Random sheets, cancels, readings and steps of time: money and energy are conserved, and every invariant holds after every block.

The machine keeps its own account of what must come out: orders and their limits, readings, and from the trades that the chain reports
the net imbalance of each point. Work per block is set small, so that matching, expiry and settlement are interrupted all the time.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gridnode.modules.lots.messages import LotOutput, LotPart, Retire, TransferLots
from gridnode.modules.lots.queries import lots_of
from gridnode.modules.market.messages import CancelOrder, CancelSheet, SheetEntry
from gridnode.modules.market.queries import recent_trades
from gridnode.modules.market.tables import (
    ESCROW_ACCOUNT,
    NEXT_ORDER,
    ORDERS,
    PENDING,
    PERIODS,
    POSITIONS,
    Side,
)
from gridnode.modules.metering.codes import MeteringCode
from gridnode.modules.metering.tables import SUMS
from gridnode.modules.settlement.messages import PayArrears
from gridnode.modules.settlement.queries import arrears_of, progress, settled, statements
from gridnode.modules.settlement.tables import Phase
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.units import cost, grid_of
from tests.energy_world import (
    ACTORS,
    FEE_MICRO,
    MTU_MS,
    SOLAR,
    THB,
    WIND,
    WINDOW_MS,
    Call,
    account,
    bid,
    offer,
    reading,
    sheet,
    two_zones,
)

NAMES = ("alice", "bob", "carol")
METERS = (
    ("alice-pv", True),
    ("bob-load", False),
    ("carol-load", False),
    ("alice-wind", True),
    ("carol-pv", True),
    ("alice-load", False),
)
"""Meters, and whether each generates."""
SOURCES = (SOLAR, WIND, SOLAR | WIND)
MTUS_AHEAD = 4
ENERGIES = st.sampled_from([1, 7, 30, 100, 1_000])
BIDS = st.builds(
    bid, st.integers(1, 3), ENERGIES, st.integers(2, 8).map(lambda step: step * 500_000), st.sampled_from(SOURCES)
)
OFFERS = st.builds(
    offer, st.integers(1, 3), ENERGIES, st.integers(1, 6).map(lambda step: step * 500_000), st.sampled_from(SOURCES[:2])
)
SHEETS = st.tuples(st.sampled_from(NAMES), st.lists(BIDS | OFFERS, min_size=1, max_size=6))
"""Sheets with MTUs counted from the present one."""
FIGURES = st.lists(st.sampled_from([0, 5, 60, 400, 2_000]), min_size=3, max_size=len(METERS))
"""What the meters measure, in their order."""


class EnergyMarket(RuleBasedStateMachine):
    """Three participants on two zones with a small line between them."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.read: dict[tuple[str, int], tuple[int, int]] = {}
        self.planned: dict[int, list[int]] = {}
        self.sheets: list[tuple[str, int]] = []

    @initialize(steps=st.sampled_from([2, 3, 1_000]), poor=st.booleans())
    def start(self, steps: int, poor: bool) -> None:
        """Open the chain; narrow lines, few steps a block, perhaps little money."""
        self.world = two_zones(
            market={"match_steps_per_block": steps, "expiries_per_block": steps, "open_ahead_mtus": MTUS_AHEAD},
            settlement={"steps_per_block": steps},
        )
        if poor:
            spare = 999 * THB
            self.world.ok(*((name, Transfer(account("erc"), Denomination.THB, spare)) for name in NAMES))
        self.supply = sum(self.world.thb(name) for name in ACTORS)

    @rule(sheets=st.lists(SHEETS, min_size=1, max_size=6), after_ms=st.sampled_from([1, 500]), energies=FIGURES)
    def order(self, sheets: list[tuple[str, list[SheetEntry]]], after_ms: int, energies: list[int]) -> None:
        """Several hand in sheets, each refused or taken as a whole; meters will measure something in the same MTUs."""
        now = (self.world.time_ms + after_ms) // MTU_MS
        for ahead in (1, 2, 3):
            self.planned.setdefault(now + ahead, energies)
        for name, quotes in sheets:
            entries = tuple(self._possible(name, replace(entry, mtu=now + entry.mtu)) for entry in quotes)
            self.sheets.append((name, len(self.sheets)))
            self.calls.append(sheet(name, self.sheets[-1][1], *entries))
        self.step(after_ms)

    def _possible(self, name: str, entry: SheetEntry) -> SheetEntry:
        """Mostly what the name can order: bob generates nothing, carol no wind."""
        if entry.side is Side.OFFER and name == "bob":
            return replace(entry, side=Side.BID)
        if entry.side is Side.OFFER and name == "carol":
            return replace(entry, sources=SOLAR)
        return entry

    @rule(picks=st.lists(st.integers(0, 1_000), min_size=1, max_size=4), name=st.sampled_from(NAMES))
    def cancel(self, picks: list[int], name: str) -> None:
        """Somebody cancels late orders, perhaps another's, perhaps done, perhaps none."""
        last = NEXT_ORDER.get(self.world.reader) or 1
        self.calls.extend((name, CancelOrder(max(0, last - pick % 12))) for pick in picks)

    @rule(pick=st.integers(0, 1_000))
    def cancel_sheet(self, pick: int) -> None:
        """An owner cancels a sheet that it tried to place."""
        if self.sheets:
            name, sheet_id = self.sheets[pick % len(self.sheets)]
            self.calls.append((name, CancelSheet(sheet_id)))

    def _report_planned(self) -> None:
        for mtu in sorted(mtu for mtu in self.planned if mtu < self.world.time_ms // MTU_MS):
            self._report(mtu, self.planned.pop(mtu))

    @rule(back=st.integers(0, 3), energies=FIGURES)
    def measure(self, back: int, energies: list[int]) -> None:
        """Meters report for an MTU of the past, or too early, or twice."""
        self._report(self.world.time_ms // MTU_MS - back, energies)

    def _report(self, mtu: int, energies: list[int]) -> None:
        figures = [
            (meter, (energy, 0) if generates else (0, energy))
            for (meter, generates), energy in zip(METERS, energies, strict=False)
        ]
        codes = self.world.block(*(("bob", reading(meter, mtu, *figure)) for meter, figure in figures))
        for (meter, figure), code in zip(figures, codes, strict=True):
            if (meter, mtu) in self.read:
                assert code in (MeteringCode.STALE_VERSION, MeteringCode.CORRECTION_CLOSED)
            elif code == 0:
                self.read[meter, mtu] = figure

    @rule(name=st.sampled_from(NAMES), part=st.integers(1, 50))
    def use_lot(self, name: str, part: int) -> None:
        """An owner splits its first lot and retires a piece."""
        owned = lots_of(self.world.reader, account(name), 1, retired=False)
        if owned and owned[0][1].energy_wh > part:
            number, lot = owned[0]
            outputs = (LotOutput(account(name), part), LotOutput(account("bob"), lot.energy_wh - part))
            self.world.ok((name, TransferLots((number,), outputs)))
            piece, found = lots_of(self.world.reader, account(name), 100, retired=False)[-1]
            half = LotPart(piece, (found.energy_wh + 1) // 2)
            self.world.ok((name, Retire((half,), account("carol"), "")))

    @rule(name=st.sampled_from(NAMES))
    def pay(self, name: str) -> None:
        """A debtor pays what it can of its arrears."""
        for creditor, owed in arrears_of(self.world.reader, account(name), 1):
            self.calls.append((name, PayArrears(creditor, min(owed, self.world.thb(name) or 1))))

    @rule(after_ms=st.sampled_from([1, 100, 1_000, MTU_MS, 3 * MTU_MS, 10 * MTU_MS]))
    def step(self, after_ms: int) -> None:
        """A block with everything handed in since the last."""
        calls, self.calls = self.calls, []
        self.world.block(*calls, after_ms=after_ms)
        self._report_planned()

    @rule()
    def restart(self) -> None:
        """The node restarts: the books come from the state."""
        self.world.restart()

    @invariant()
    def money_is_conserved(self) -> None:
        """No THB is made or lost."""
        if hasattr(self, "world"):
            held = sum(self.world.thb(name) for name in ACTORS)
            assert held + self.world.held(ESCROW_ACCOUNT, Denomination.THB) == self.supply

    def teardown(self) -> None:
        """Let everything settle and compare the statements with what was measured and traded."""
        if not hasattr(self, "world"):
            return
        world = self.world
        for _ in range(MTUS_AHEAD + 2):
            self.step(MTU_MS)
        world.until(world.time_ms + WINDOW_MS)
        world.full_checks = False
        while any(any(True for _ in table.scan(world.reader)) for table in (PENDING, PERIODS, SUMS, POSITIONS)):
            world.block()
            assert world.height < 5_000, "something is never settled"
        world.block()
        world.check()
        assert progress(world.reader).phase is Phase.WAITING
        self._compare()

    def _compare(self) -> None:
        reader = self.world.reader
        traded: dict[tuple[int, str], int] = {}
        for _, mtu, trade in recent_trades(reader, 10_000):
            bought = ORDERS.require(reader, mtu, trade.buyer_order)
            sold = ORDERS.require(reader, mtu, trade.seller_order)
            assert sold.limit_micro <= trade.price_micro <= bought.limit_micro - trade.wheeling_micro
            assert trade.fee_micro == FEE_MICRO
            traded[mtu, trade.seller_point] = traded.get((mtu, trade.seller_point), 0) - trade.energy_wh
            traded[mtu, trade.buyer_point] = traded.get((mtu, trade.buyer_point), 0) + trade.energy_wh
        for (meter, mtu), (generated, consumed) in self.read.items():
            place = mtu, f"{meter.split('-')[0]}-point"
            traded[place] = traded.get(place, 0) + generated - consumed
        known = {
            (mtu, point): found.excess_wh - found.lack_wh
            for mtu in sorted({mtu for mtu, _ in traded})
            for point, found in statements(reader, mtu, 10)
        }
        assert known == traded
        sums = settled(reader)
        measured = sum(generated for generated, _ in self.read.values())
        assert sums.generated_wh == measured
        burned = sums.self_consumed_wh + sums.certified_wh
        held = sum(self.world.held(account(name), Denomination.GRID) for name in ACTORS)
        assert held == grid_of(measured - burned)
        assert sums.sales + sums.wheeling + sums.fees == sum(
            cost(trade.energy_wh, trade.price_micro + trade.wheeling_micro + trade.fee_micro)
            for _, _, trade in recent_trades(reader, 10_000)
        )


TestEnergyMarket = EnergyMarket.TestCase
TestEnergyMarket.settings = settings(max_examples=25, stateful_step_count=40)
