"""Whatever is traded, locked, measured, estimated, substituted and corrected, in whatever steps: money ends where the last figures put it.

The test knows no order of events: only the latest readings, the trades, what gateways acknowledged, and the tariff. From these follow
which trades are void and what every account has in the end. All invariants of all modules hold after every block.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.modules.grid.clock import tariff_at
from gridnode.modules.grid.tables import Line
from gridnode.modules.lots.queries import energy
from gridnode.modules.market.auction_tables import CONGESTION
from gridnode.modules.market.locks import is_void, locks
from gridnode.modules.market.messages import AcknowledgeLock
from gridnode.modules.market.queries import order, trades_of_mtu
from gridnode.modules.market.shares import trade_shares
from gridnode.modules.market.tables import ESCROW_ACCOUNT, PENDING, PERIODS, POSITIONS, Mode, Trade
from gridnode.modules.metering.messages import SubstituteReading
from gridnode.modules.metering.queries import reading as latest
from gridnode.modules.metering.tables import LATE, SUMS
from gridnode.modules.registry.messages import AddGateway
from gridnode.modules.settlement.imbalance import due
from gridnode.modules.settlement.queries import result, settled
from gridnode.modules.settlement.tables import STATEMENTS, Statement
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.units import cost, grid_of
from tests.chain_in_memory import tariff
from tests.energy_world import (
    ACTORS,
    DSO,
    MTU_MS,
    WINDOW_MS,
    Call,
    World,
    account,
    bid,
    offer,
    reading,
    sheet,
    two_zones,
)

LOCK_FROM_WH = 60
CORRECTION_MS = 60_000
METERS = {"alice-pv": "alice", "alice-load": "alice", "bob-load": "bob", "carol-pv": "carol", "carol-load": "carol"}
ZONES = {"alice": "CITY", "bob": "CITY", "carol": "NORTH"}
PLACES = st.integers(0, 1)
"""One of the two MTUs."""
FIGURES = st.sampled_from([0, 3, 40, 61, 500])


class Wish(NamedTuple):
    """An order."""

    name: str
    is_bid: bool
    place: int
    energy_wh: int


class Said(NamedTuple):
    """Something said of a meter: by its device, or by the DSO."""

    meter: str
    place: int
    energy_wh: int
    by_device: bool


class Plan(NamedTuple):
    """All that happens."""

    wishes: list[Wish]
    acknowledged: list[tuple[str, int, int]]
    in_time: list[Said]
    later: list[list[Said]]
    steps: int
    mode: Mode
    restarts: bool


WISHES = st.builds(
    Wish, st.sampled_from(tuple(ZONES)), st.booleans(), PLACES, st.sampled_from([1, 30, 60, 61, 200])
)
SAID = st.builds(Said, st.sampled_from(tuple(METERS)), PLACES, FIGURES, st.booleans())
PLANS = st.builds(
    Plan,
    wishes=st.lists(WISHES, min_size=2, max_size=12),
    acknowledged=st.lists(st.tuples(st.sampled_from(["alice", "carol"]), PLACES, st.sampled_from([30, 60, 125, 900])), max_size=4),
    in_time=st.lists(SAID, max_size=8),
    later=st.lists(st.lists(SAID, max_size=3), max_size=8),
    steps=st.sampled_from([1, 2, 3, 1_000]),
    mode=st.sampled_from([Mode.CONTINUOUS, Mode.AUCTION]),
    restarts=st.booleans(),
)


class Run:
    """A world that lives through a plan."""

    def __init__(self, plan: Plan) -> None:
        lines = (
            Line("city-bus", "CITY", "BUS", 90, 90, account("egat")),
            Line("north-bus", "NORTH", "BUS", 60, 60, account("egat")),
        )
        self.plan = plan
        self.world: World = two_zones(
            market={"lock_from_wh": LOCK_FROM_WH, "mode": plan.mode},
            metering={"correction_window_ms": CORRECTION_MS},
            settlement={"steps_per_block": plan.steps},
            grid={"tariff": tariff(vat_ppm=70_000), "lines": lines},
        )
        self.world.ok(("erc", AddGateway(account("egat"), "box")))
        first = self.world.time_ms // MTU_MS + 2
        self.mtus = (first, first + 1)
        self.before = {name: self.world.thb(name) for name in ACTORS}
        self.held: dict[tuple[str, int], int] = {}
        self.statements: dict[Any, Statement] = {}

    def live(self) -> None:
        """Everything of the plan, and on until nothing is left to do."""
        self._trade()
        for mtu in self.mtus:
            self.world.until((mtu + 1) * MTU_MS)
        self._say(self.plan.in_time)
        self._acknowledge()
        self.world.until((self.mtus[1] + 1) * MTU_MS + WINDOW_MS)
        for said in self.plan.later:
            self._say(said)
        while any(any(table.scan(self.world.reader)) for table in (PENDING, PERIODS, SUMS, POSITIONS, LATE)):
            self._block()
        self._block()

    def _block(self, *calls: Call) -> list[int]:
        if self.plan.restarts:
            self.world.restart()
        codes = self.world.block(*calls, after_ms=1)
        for key, found in STATEMENTS.scan(self.world.reader):
            assert self.statements.setdefault(key, found) == found
        return codes

    def _trade(self) -> None:
        for number, wish in enumerate(self.plan.wishes):
            mtu = self.mtus[wish.place]
            is_bid = wish.is_bid or wish.name == "bob"
            entry = bid(mtu, wish.energy_wh, 4_000_000) if is_bid else offer(mtu, wish.energy_wh, 2_000_000)
            self._block(sheet(wish.name, number, entry))

    def _acknowledge(self) -> None:
        for name, place, energy_wh in self.plan.acknowledged:
            call = "egat", AcknowledgeLock(self.mtus[place], f"{name}-point", energy_wh)
            if self._block(call) == [0]:
                self.held[f"{name}-point", self.mtus[place]] = energy_wh

    def _say(self, said: list[Said]) -> None:
        """Each in a transaction of its own, perhaps refused; all in one block."""
        calls: list[Call] = []
        for one in said:
            mtu = self.mtus[one.place]
            known = latest(self.world.reader, one.meter, mtu)
            figures = (0, one.energy_wh) if one.meter.endswith("load") else (one.energy_wh, 0)
            if one.by_device:
                calls.append(("bob", reading(one.meter, mtu, *figures, known.measured if known else 0)))
            else:
                number = known.version + 1 if known else 0
                message = SubstituteReading(one.meter, mtu, *figures, number, "")
                calls.append((DSO[ZONES[METERS[one.meter]]], message))
        self._block(*calls)


def _expected(run: Run) -> Counter[bytes]:
    """What every account gains by trades that are not void and by the imbalances of the latest readings."""
    reader, gained = run.world.reader, Counter[bytes]()
    for mtu in run.mtus:
        net = {f"{name}-point": 0 for name in ZONES}
        covered: Counter[str] = Counter()
        for number, _, trade in trades_of_mtu(reader, mtu, 1_000):
            void = not _is_covered(run, mtu, trade, covered)
            assert is_void(reader, mtu, number) == void
            if not void:
                _pay(run, mtu, trade, gained)
                net[trade.seller_point] -= trade.energy_wh
                net[trade.buyer_point] += trade.energy_wh
        for meter, name in METERS.items():
            found = latest(reader, meter, mtu)
            if found is not None:
                net[f"{name}-point"] += found.generated_wh - found.consumed_wh
        for name, zone in ZONES.items():
            imbalance_wh = net[f"{name}-point"]
            assert result(reader, mtu, f"{name}-point").imbalance_wh == imbalance_wh
            amount = due(tariff_at(reader, mtu), imbalance_wh)
            gained[account(name)] += amount
            gained[account(DSO[zone])] -= amount
    return gained


def _is_covered(run: Run, mtu: int, trade: Trade, covered: Counter[str]) -> bool:
    sold = order(run.world.reader, trade.seller_order)
    assert sold is not None
    if sold.order.energy_wh < LOCK_FROM_WH:
        return True
    point = trade.seller_point
    if covered[point] + trade.energy_wh > run.held.get((point, mtu), 0):
        return False
    covered[point] += trade.energy_wh
    return True


def _pay(run: Run, mtu: int, trade: Trade, gained: Counter[bytes]) -> None:
    energy_wh = trade.energy_wh
    price = trade.price_micro + trade.wheeling_micro + trade.rent_micro + trade.fee_micro
    gained[trade.buyer] -= cost(energy_wh, price)
    gained[trade.seller] += cost(energy_wh, trade.price_micro)
    gained[account("egat")] += cost(energy_wh, trade.fee_micro)
    gained[CONGESTION] += cost(energy_wh, trade.rent_micro)
    for share in trade_shares(run.world.reader, mtu, trade):
        gained[share.account] += cost(energy_wh, share.micro_per_kwh)


@settings(max_examples=80)
@given(plan=PLANS)
def test_money_ends_where_the_last_figures_put_it(plan: Plan) -> None:
    run = Run(plan)
    run.live()
    world, expected = run.world, _expected(run)
    for name in ACTORS:
        assert world.thb(name) - run.before[name] == expected[account(name)], name
    assert world.held(CONGESTION, Denomination.THB) == expected[CONGESTION]
    assert world.held(ESCROW_ACCOUNT, Denomination.THB) == 0
    assert not any(locks(world.reader, mtu, 9) for mtu in run.mtus)
    sums = settled(world.reader)
    held = sum(world.held(account(name), Denomination.GRID) for name in ACTORS)
    assert held == grid_of(energy(world.reader).issued_wh - sums.self_consumed_wh - sums.certified_wh)
