"""Random books in a small ring of zones: what the chain's auction gives is what the rules of the auction say, however slowly it is written.

After every block all invariants hold: money, energy, limits, flows, and the certificate over rows told again from the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.codec.records import decode
from gridnode.execution.registry import EVENTS
from gridnode.modules.grid.tables import Line, Zone
from gridnode.modules.grid.tariffs import Charge
from gridnode.modules.market import auction_reference, certificate
from gridnode.modules.market.auction_tables import AUCTIONS, CONGESTION
from gridnode.modules.market.block_clearing import clearing_of, net_of, order_rows, rows_root
from gridnode.modules.market.events import AuctionRow
from gridnode.modules.market.queries import indicative, trades_of_mtu
from gridnode.modules.market.rules import are_orders_done
from gridnode.modules.market.sources import ANY_SOURCE
from gridnode.modules.market.tables import ESCROW, PENDING, Mode, Trade
from gridnode.modules.registry.messages import BindMeter, RegisterParticipant, RegisterPoint
from gridnode.modules.registry.tables import Direction, Kind, Service, Source
from gridnode.modules.token.tables import Denomination, OpeningBalance
from gridnode.primitives.units import Amount
from tests.chain_in_memory import keys_of, openings, tariff
from tests.energy_world import MTU_MS, SOLAR, THB, World, account, bid, offer, sheet

ZONES = ("CITY", "EAST", "NORTH")
NAMES = {f"{zone.lower()}-{number}": zone for zone in ZONES for number in (1, 2)}
"""Two participants in each zone."""
STEP_MICRO = 100_000
GATE_MS = CALL_MS = 1_000


class Wish(NamedTuple):
    """An order to be placed."""

    name: str
    is_bid: bool
    energy_wh: int
    price_steps: int
    takes_any: bool
    in_call: bool


WISHES = st.lists(
    st.builds(
        Wish,
        st.sampled_from(tuple(NAMES)),
        st.booleans(),
        st.integers(1, 12),
        st.integers(1, 12),
        st.integers(0, 5).map(bool),
        st.booleans(),
    ),
    min_size=4,
    max_size=20,
)
LINES = st.tuples(*[st.sampled_from((0, 1, 4, 9, 1_000)) for _ in range(8)])
"""Capacities, forward and backward, of the lines of the ring."""
MODES = st.sampled_from((Mode.BOTH, Mode.BOTH, Mode.AUCTION))


def _ring(mode: Mode, room_wh: Sequence[int], steps: int) -> World:
    """Three zones on a bus, and a line of its own between two of them."""
    states = openings()
    ends = (("city-bus", "CITY", "BUS"), ("east-bus", "EAST", "BUS"), ("north-bus", "NORTH", "BUS"), ("direct", "CITY", "EAST"))
    lines = tuple(
        Line(*names, room_wh[2 * at], room_wh[2 * at + 1], account("egat")) for at, names in enumerate(ends)
    )
    charges = (("city-bus", 30_000), ("east-bus", 0), ("direct", 50_000), ("north-bus", 70_000))
    prices = tariff(
        distribution=tuple(Charge(zone, (100_000 + at, 100_000 + at)) for at, zone in enumerate(ZONES)),
        wheeling=tuple(sorted((Charge(name, (micro, micro)) for name, micro in charges), key=lambda found: found.name)),
    )
    registered = states["registry"]
    world = World(
        full_checks=False,
        market={
            "mode": mode,
            "call_ms": CALL_MS if mode is Mode.BOTH else 0,
            "match_steps_per_block": steps,
            "expiries_per_block": steps,
        },
        grid={"tariff": prices, "zones": tuple(map(Zone, ZONES)), "lines": lines},
        registry={"services": (*registered.services[:1], Service("EAST", account("pea")), *registered.services[1:])},
        token={
            "balances": (
                *states["token"].balances,
                *(OpeningBalance(account(name), Denomination.THB, Amount(THB)) for name in NAMES),
            )
        },
    )
    for name, zone in NAMES.items():
        _join(world, name, zone)
    world.full_checks = True
    return world


def _join(world: World, name: str, zone: str) -> None:
    dso, point, meter = "mea" if zone == "CITY" else "pea", f"{name}-point", f"{name}-pv"
    world.ok(
        ("erc", RegisterParticipant(account(name), Kind.PROSUMER, zone, name)),
        (dso, RegisterPoint(point, account(name), zone)),
        (dso, BindMeter(meter, point, keys_of(meter).public_key, Direction.GENERATION, Source.SOLAR, 1_000)),
        after_ms=1,
    )


def _place(world: World, mtu: int, wishes: list[Wish], first: int) -> None:
    """Each wish in a sheet of its own; those that would cross an order of the same owner are refused."""
    calls = []
    for number, wish in enumerate(wishes, first):
        limit = wish.price_steps * STEP_MICRO
        if wish.is_bid:
            entry = bid(mtu, wish.energy_wh, limit + 4 * STEP_MICRO, ANY_SOURCE if wish.takes_any else SOLAR)
        else:
            entry = offer(mtu, wish.energy_wh, limit)
        calls.append(sheet(wish.name, number, entry))
    world.block(*calls, after_ms=1)


def _trade(world: World, wishes: list[Wish], restart: bool) -> tuple[int, list[AuctionRow]]:
    """Place what comes while matching is continuous, then what comes in the call; returns the MTU and the rows of its auction."""
    mtu = world.time_ms // MTU_MS + 3
    _place(world, mtu, [wish for wish in wishes if not wish.in_call], 1)
    while any(PENDING.scan(world.reader, limit=1)):
        world.block(after_ms=1)
    world.until(mtu * MTU_MS - GATE_MS - CALL_MS)
    _place(world, mtu, [wish for wish in wishes if wish.in_call], 100)
    if restart:
        world.restart()
    expected = indicative(world.reader, mtu)
    world.until(mtu * MTU_MS - GATE_MS)
    rows = _rows(world)
    assert rows == (list(expected.rows) if expected else [])
    assert world.totals.clearings == ([expected.summary] if expected else [])
    while not are_orders_done(world.reader, mtu):
        if restart:
            world.restart()
        world.block(after_ms=1)
    return mtu, rows


def _rows(world: World) -> list[AuctionRow]:
    found: list[Any] = [decode(EVENTS[event.kind], event.body) for event in world.events if event.kind == "market.auction_rows"]
    return [row for event in found for row in event.rows]


def _trades(world: World, mtu: int) -> list[Trade]:
    return [found.trade for found in trades_of_mtu(world.reader, mtu, 1_000)]


@settings(max_examples=60)
@given(WISHES, LINES, MODES)
def test_the_chain_clears_as_the_rules_say(wishes: list[Wish], room_wh: tuple[int, ...], mode: Mode) -> None:
    world = _ring(mode, room_wh, 1_000)
    mtu, rows = _trade(world, wishes, restart=False)
    auction = AUCTIONS.get(world.reader, mtu)
    if auction is None:
        assert rows == []
        return
    summary = auction.summary
    orders, net = order_rows(ZONES, rows), net_of(summary)
    assert [row.order for row in rows] == sorted(row.order for row in rows)
    assert (summary.orders, summary.orders_root) == (len(rows), rows_root(rows))
    assert certificate.check(orders, net, clearing_of(summary, rows)) == []
    assert auction_reference.clear(orders, net) == clearing_of(summary, rows)
    trades = [trade for trade in _trades(world, mtu) if trade.path]
    accepted = {row.order: row.accepted_wh for row in rows if row.accepted_wh}
    traded: dict[int, int] = {}
    for trade in trades:
        assert trade.buyer != trade.seller
        for number in (trade.buyer_order, trade.seller_order):
            traded[number] = traded.get(number, 0) + trade.energy_wh
    assert traded == accepted
    assert sum(trade.rent_micro * trade.energy_wh for trade in trades) == auction.rent
    assert sum(trade.price_micro * trade.energy_wh for trade in trades) == auction.value


@settings(max_examples=20)
@given(WISHES, LINES, MODES)
def test_trades_do_not_depend_on_blocks_and_restarts(
    wishes: list[Wish], room_wh: tuple[int, ...], mode: Mode
) -> None:
    fast, slow = _ring(mode, room_wh, 1_000), _ring(mode, room_wh, 2)
    mtu, rows = _trade(fast, wishes, restart=False)
    assert _trade(slow, wishes, restart=True) == (mtu, rows)
    of_auction = [[trade for trade in _trades(world, mtu) if trade.path] for world in (fast, slow)]
    assert of_auction[0] == of_auction[1]


@settings(max_examples=20)
@given(WISHES, LINES)
def test_settlement_pays_out_all_escrow_and_the_rent(wishes: list[Wish], room_wh: tuple[int, ...]) -> None:
    world = _ring(Mode.AUCTION, room_wh, 1_000)
    mtu, _ = _trade(world, [wish._replace(takes_any=True) for wish in wishes], restart=False)
    world.settle(mtu)
    assert list(ESCROW.scan(world.reader)) == []
    auction = AUCTIONS.get(world.reader, mtu)
    assert world.held(CONGESTION, Denomination.THB) == (auction.rent if auction else 0)
