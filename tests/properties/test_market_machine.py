"""Random markets: orders of all terms, replaced, cancelled, due; suspensions, readings, steps of time; money and energy are conserved.

Every invariant holds after every block, in each mode of the market.

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
from gridnode.modules.market.auction_tables import CONGESTION
from gridnode.modules.market.lifecycle import is_open
from gridnode.modules.market.messages import CancelAll, CancelOrder, CancelSheet, SheetEntry
from gridnode.modules.market.periods import gate_ms
from gridnode.modules.market.queries import recent_trades
from gridnode.modules.market.sources import ANY_SOURCE
from gridnode.modules.market.tables import (
    ESCROW_ACCOUNT,
    OPEN_ORDERS,
    ORDERS,
    PARAMS,
    PENDING,
    PERIODS,
    POSITIONS,
    SHEET_IDS,
    SHEETS,
    Ending,
    Mode,
    Order,
    Side,
    Terms,
)
from gridnode.modules.market.terms import AT_ONCE
from gridnode.modules.metering.codes import MeteringCode
from gridnode.modules.metering.tables import SUMS
from gridnode.modules.registry.messages import ReinstateParticipant, SuspendParticipant
from gridnode.modules.settlement.messages import PayArrears
from gridnode.modules.settlement.queries import arrears_of, progress, settled, statements
from gridnode.modules.settlement.tables import Phase
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.units import cost, grid_of
from tests.chain_in_memory import openings
from tests.energy_world import (
    ACTORS,
    FEE_MICRO,
    MTU_MS,
    THB,
    WINDOW_MS,
    Call,
    account,
    reading,
    replacement,
    sheet,
    two_zones,
)
from tests.properties.market_orders import entries, possible

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
MTUS_AHEAD = 4
TERMS = st.sampled_from([Terms.REST, Terms.REST, Terms.REST, *Terms])
UNTIL_MS = st.sampled_from([0] * 6 + [501, 800, 1_500])
"""How long after now an order is good."""
BIDS, OFFERS = entries(st.integers(1, 3), st.sampled_from([1, 7, 30, 100, 1_000]), TERMS, UNTIL_MS)
ENTRIES = st.one_of(*(st.lists(side, min_size=1, max_size=5) for side in (BIDS, OFFERS, BIDS | OFFERS)))
MANY_SHEETS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 3).map(bool), ENTRIES), min_size=2, max_size=8
)
"""Sheets, and whether each was written with care; MTUs are counted from the present one."""
FIGURES = st.lists(st.sampled_from([0, 5, 60, 400, 2_000]), min_size=3, max_size=len(METERS))
"""What the meters measure, in their order."""
PICKS = st.integers(0, 1_000)


class EnergyMarket(RuleBasedStateMachine):
    """Three participants on two zones with a small line between them."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.read: dict[tuple[str, int], tuple[int, int]] = {}
        self.planned: dict[int, list[int]] = {}
        self.sheets = 0
        self.suspended: list[str] = []

    @initialize(steps=st.sampled_from([2, 3, 1_000]), poor=st.booleans(), mode=st.sampled_from(Mode), wide=st.booleans())
    def start(self, steps: int, poor: bool, mode: Mode, wide: bool) -> None:
        """Open the chain; perhaps with narrow lines, few steps a block, little money, little room for orders."""
        city, north = openings()["grid"].lines
        narrow = (replace(city, atc_forward_wh=60, atc_backward_wh=40), replace(north, atc_forward_wh=50, atc_backward_wh=70))
        market = {
            "mode": mode,
            "call_ms": 700 if mode is Mode.BOTH else 0,
            "match_steps_per_block": steps,
            "expiries_per_block": steps,
            "open_ahead_mtus": MTUS_AHEAD,
            "max_book_orders": 1_000 if wide else 12,
            "max_open_orders": 1_000 if wide else 9,
        }
        grid = {} if wide else {"lines": narrow}
        self.mode = mode
        self.world = two_zones(market=market, settlement={"steps_per_block": steps}, grid=grid)
        if poor:
            spare = 999 * THB
            self.world.ok(*((name, Transfer(account("erc"), Denomination.THB, spare)) for name in NAMES))
        self.params = PARAMS.require(self.world.reader)
        self.supply = sum(self.world.thb(name) for name in ACTORS)

    @rule(sheets=MANY_SHEETS, after_ms=st.sampled_from([1, 500]), energies=FIGURES)
    def order(self, sheets: list[tuple[str, bool, list[SheetEntry]]], after_ms: int, energies: list[int]) -> None:
        """Several hand in sheets, each refused or taken as a whole; meters will measure something in the same MTUs."""
        now = (self.world.time_ms + after_ms) // MTU_MS
        for ahead in (1, 2, 3):
            self.planned.setdefault(now + ahead, energies)
        for name, careful, quotes in sheets:
            self.sheets += 1
            self.calls.append(sheet(name, self.sheets, *self._entries(name, careful, quotes, now)))
        self.step(after_ms)

    @rule(sheets=MANY_SHEETS, energies=FIGURES)
    def order_more(self, sheets: list[tuple[str, bool, list[SheetEntry]]], energies: list[int]) -> None:
        """The same at once: orders are what a market has most of."""
        self.order(sheets, 1, energies)

    def _entries(self, name: str, careful: bool, quotes: list[SheetEntry], now: int) -> list[SheetEntry]:
        """Quotes for the MTUs after `now` as the name can order them; with terms that fit the market if it is careful."""
        entries = []
        for quote in quotes:
            entry = possible(name, quote, now + quote.mtu)
            until_ms = quote.good_until_ms and self.world.time_ms + quote.good_until_ms
            entry = replace(entry, good_until_ms=min(until_ms, gate_ms(self.world.reader, self.params, entry.mtu)))
            is_strange = entry.terms in (AT_ONCE if self.mode is Mode.AUCTION else (Terms.AUCTION,))
            if careful and self.mode is not Mode.BOTH and is_strange:
                entry = replace(entry, terms=Terms.REST)
            if careful and self.mode is not Mode.CONTINUOUS and entry.side is Side.BID and entry.terms is not Terms.IOC:
                entry = replace(entry, sources=ANY_SOURCE)
            entries.append(entry)
        return entries

    @rule(pick=PICKS, quotes=ENTRIES, late=st.sampled_from([0, 0, 0, 1]))
    def replace_sheet(self, pick: int, quotes: list[SheetEntry], late: int) -> None:
        """An owner replaces a sheet of which an order is open, perhaps naming a revision that is gone."""
        for name, _, order in self._open_order(pick):
            first = SHEET_IDS.get(self.world.reader, order.owner, order.sheet_id)
            revision = SHEETS.require(self.world.reader, first).revision + 1 - late
            entries = self._entries(name, True, quotes, self.world.time_ms // MTU_MS)
            self.calls.append(replacement(name, order.sheet_id, max(0, revision), *entries))

    @rule(picks=st.lists(PICKS, min_size=1, max_size=4), kind=st.sampled_from(["one", "sheet", "all"]), right=st.booleans())
    def cancel(self, picks: list[int], kind: str, right: bool) -> None:
        """Owners of open orders take them back, or their sheets, or all from an MTU on; or somebody tries who is not the owner."""
        for pick in picks:
            for name, (mtu, number), order in self._open_order(pick):
                message = {"one": CancelOrder(number), "sheet": CancelSheet(order.sheet_id), "all": CancelAll(mtu)}[kind]
                self.calls.append((name if right else NAMES[pick % len(NAMES)], message))

    @rule(name=st.sampled_from(NAMES), number=st.integers(0, 200))
    def cancel_blindly(self, name: str, number: int) -> None:
        """Somebody takes back an order that may be another's, done, or not there."""
        self.calls.append((name, CancelOrder(number)))

    def _open_order(self, pick: int) -> list[tuple[str, tuple[int, int], Order]]:
        """One of the open orders, if any: its owner's name, MTU and number, and itself."""
        rows = list(OPEN_ORDERS.scan(self.world.reader))
        chosen = [rows[pick % len(rows)][0]] if rows else []
        names = {account(name): name for name in NAMES}
        return [
            (names[owner], (mtu, number), ORDERS.require(self.world.reader, mtu, number)) for mtu, owner, number in chosen
        ]

    @rule(name=st.sampled_from(NAMES))
    def suspend(self, name: str) -> None:
        """Somebody is suspended for a block."""
        if name not in self.suspended:
            self.suspended.append(name)
            self.calls.append(("erc", SuspendParticipant(account(name), "why")))

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

    @rule(after_ms=st.sampled_from([1, 100, 700, 1_000, 1_000, MTU_MS, 10 * MTU_MS]))
    def step(self, after_ms: int) -> None:
        """A block with everything handed in since the last."""
        calls, self.calls = self.calls, [("erc", ReinstateParticipant(account(name))) for name in self.suspended]
        self.suspended.clear()
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
            ours = sum(self.world.held(holder, Denomination.THB) for holder in (ESCROW_ACCOUNT, CONGESTION))
            assert held + ours == self.supply

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
            assert sold.limit_micro <= trade.price_micro <= bought.limit_micro - trade.wheeling_micro - trade.rent_micro
            assert trade.fee_micro == FEE_MICRO
            assert trade.buyer != trade.seller
            assert all(trade.time_ms < row.good_until_ms for row in (sold, bought) if row.good_until_ms)
            here = {row.terms for row in (sold, bought)}
            assert not here & ({Terms.IOC, Terms.FOK} if trade.path else {Terms.AUCTION})
            assert bought.sources == ANY_SOURCE or not trade.path
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
        assert sums.sales + sums.wheeling + sums.rent + sums.fees == sum(
            cost(trade.energy_wh, trade.price_micro + trade.wheeling_micro + trade.rent_micro + trade.fee_micro)
            for _, _, trade in recent_trades(reader, 10_000)
        )
        for _, order in ORDERS.scan(reader):
            assert not is_open(order)
            assert order.terms is not Terms.FOK or order.remaining_wh in (0, order.energy_wh)
            assert order.ending is not Ending.POSTED or order.remaining_wh == order.energy_wh


TestEnergyMarket = EnergyMarket.TestCase
TestEnergyMarket.settings = settings(max_examples=25, stateful_step_count=40)
