"""A chain whose market has trades in several intervals and for several MTUs, books of every kind, and a call auction with a full line.

alice sells solar energy in CITY, bob buys there, carol buys in NORTH. Energy from CITY to NORTH pays the delivery in NORTH and both
lines: 0.15 + 0.10 + 0.12 THB/kWh; the lines let 40,000 Wh out of CITY.
"""

from __future__ import annotations

from dataclasses import replace

from gridnode.chain.genesis import Genesis
from gridnode.modules.market.messages import PlaceSheet, SetBounds, SheetEntry
from gridnode.modules.market.tables import Bounds, Mode, Preference, Terms
from gridnode.modules.registry.messages import BindMeter, RegisterParticipant, RegisterPoint
from gridnode.modules.registry.tables import Direction, Kind, Source
from tests.chain_in_memory import account, genesis, keys_of, openings
from tests.energy_world import FIRST_MTU, MTU_MS, SOLAR, bid, offer
from tests.integration.api.served import ServedChain

GATE_MS = CALL_MS = 1_000
HOUR = FIRST_MTU + 8
"""First MTU of an hour of delivery; nothing is traded for the one after next."""
NEXT_HOUR = HOUR + 4
QUIET_MTU = HOUR + 13
"""A book with one offer in CITY and one bid in NORTH that do not meet."""
FULL_MTU = HOUR + 14
"""A book whose trades filled the line out of CITY; an offer and a bid are left."""
CALLED_MTU = HOUR + 9
"""Its auction was held: 40,000 of 60,000 Wh went from CITY to NORTH."""
CALLING_MTU = HOUR + 10
"""Waits for its auction."""
ENTRIES = HOUR + 16
"""A book of orders with other terms, preferences and deadlines."""
BOUNDS = Bounds(100, 5_000_000, 10_000, 0, 8_000_000)
BOUNDS_FROM = FIRST_MTU + 500


def start() -> Genesis:
    """Genesis of the test chain with a call phase and auctions."""
    market = replace(openings()["market"], mode=Mode.BOTH, call_ms=CALL_MS)
    return genesis(market=market)


async def live_through(chain: ServedChain) -> None:
    """Enrolment, trades in two intervals, books, an auction held and one that is called."""
    await register(chain)
    await _trade(chain)
    await _rest(chain)
    await chain.ok("erc", SetBounds(BOUNDS_FROM, BOUNDS))
    await _auction(chain)


async def register(chain: ServedChain) -> None:
    """Enrol everybody."""
    zones = {"alice": "CITY", "bob": "CITY", "carol": "NORTH"}
    await chain.ok("erc", *[RegisterParticipant(account(name), Kind.PROSUMER, zone, name) for name, zone in zones.items()])
    await chain.ok("mea", *[RegisterPoint(f"{name}-point", account(name), "CITY") for name in ("alice", "bob")])
    await chain.ok("pea", RegisterPoint("carol-point", account("carol"), "NORTH"))
    key = keys_of("alice-pv").public_key
    await chain.ok("mea", BindMeter("alice-pv", "alice-point", key, Direction.GENERATION, Source.SOLAR, 100_000))


async def until(chain: ServedChain, time_ms: int) -> None:
    """An empty block at a chain time to come."""
    tip = chain.store.header
    assert tip is not None
    await chain.block(after_ms=time_ms - tip.time_ms)


async def place(chain: ServedChain, name: str, sheet_id: int, *entries: SheetEntry) -> None:
    """A sheet in a block of its own."""
    await chain.ok(name, PlaceSheet(sheet_id, f"{name}-point", entries))


async def _trade(chain: ServedChain) -> None:
    """Three trades in the interval FIRST_MTU + 1, two in the one after next."""
    await until(chain, (FIRST_MTU + 1) * MTU_MS)
    offers = offer(HOUR, 1_000, 3_000_000), offer(HOUR, 1_000, 3_400_000), offer(HOUR + 1, 2_000, 2_500_000)
    await place(chain, "alice", 1, *offers)
    await place(chain, "bob", 1, bid(HOUR, 2_000, 4_000_000), bid(HOUR + 1, 2_000, 4_000_000))
    await until(chain, (FIRST_MTU + 3) * MTU_MS)
    await place(chain, "alice", 2, offer(HOUR + 3, 1_000, 4_000_000), offer(NEXT_HOUR, 500, 3_100_000))
    await place(chain, "bob", 2, bid(HOUR + 3, 1_000, 4_500_000), bid(NEXT_HOUR, 500, 4_500_000))


async def _rest(chain: ServedChain) -> None:
    """Books that hold orders: of plain ones, of a full line, of all terms."""
    await place(chain, "alice", 3, offer(QUIET_MTU, 1_000, 3_000_000), offer(FULL_MTU, 60_000, 3_000_000))
    await place(chain, "carol", 3, bid(QUIET_MTU, 500, 2_000_000), bid(FULL_MTU, 60_000, 3_500_000))
    wished = Preference(account("alice"), SOLAR), Preference(account("bob"), 0)
    deadline = bid(ENTRIES, 700, 2_000_000, good_until_ms=ENTRIES * MTU_MS - GATE_MS)
    immediate = bid(ENTRIES, 900, 2_000_000, SOLAR, terms=Terms.IOC, preferences=wished)
    lower = bid(ENTRIES, 650, 1_900_000)
    await place(chain, "carol", 4, deadline, immediate, lower, bid(ENTRIES, 800, 2_100_000, terms=Terms.AUCTION))


async def _auction(chain: ServedChain) -> None:
    """The auction of CALLED_MTU is held; that of CALLING_MTU, with the same orders and a bid that is too low, is to come."""
    for sheet_id, mtu in enumerate((CALLED_MTU, CALLING_MTU), 10):
        await place(chain, "alice", sheet_id, offer(mtu, 60_000, 3_000_000, terms=Terms.AUCTION))
        await place(chain, "carol", sheet_id, bid(mtu, 60_000, 4_000_000, terms=Terms.AUCTION))
    await place(chain, "bob", 11, bid(CALLING_MTU, 100, 2_000_000))
    await until(chain, CALLED_MTU * MTU_MS - GATE_MS)
    await until(chain, CALLING_MTU * MTU_MS - GATE_MS - CALL_MS)
