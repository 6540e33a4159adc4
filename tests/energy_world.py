"""A small world of energy: the real rules of all modules over a state in memory, without signatures, roots and consensus.

Two zones, CITY and NORTH, hang on one bus by a line each. Whatever runs in it runs as in a node: messages in nested transactions,
then the hooks, then the invariants of every module over the block's rows and over the whole state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gridnode.codec.records import decode, encode
from gridnode.crypto.keys import KeyPair
from gridnode.execution.genesis import opening_writes
from gridnode.execution.registry import ACCOUNTS, MODULES
from gridnode.modules.context import Context
from gridnode.modules.market.books import restore_books
from gridnode.modules.market.invariants import check_books
from gridnode.modules.market.messages import PlaceSheet, ReplaceSheet, SheetEntry
from gridnode.modules.market.sources import ANY_SOURCE, source_bit
from gridnode.modules.market.tables import Preference, Side
from gridnode.modules.metering.messages import SubmitReading
from gridnode.modules.registry.messages import BindMeter, RegisterParticipant, RegisterPoint
from gridnode.modules.registry.tables import Direction, Kind, Source
from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.units import Height, TimeMs
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State
from gridnode.state.prefixes import VALIDATORS
from tests.chain_in_memory import ACTORS, CHAIN, START_MS, THB, account, genesis, keys_of, openings

MTU_MS = 3_000
FIRST_MTU = START_MS // MTU_MS
WINDOW_MS = 6_000
SOLAR, WIND = source_bit(Source.SOLAR), source_bit(Source.WIND)
FEE_MICRO = 10_000
DSO = {"CITY": "mea", "NORTH": "pea"}
MAX_METER_WH = 100_000

Call = tuple[str, Any]
"""A sender's name, and one message or a list of them in one transaction."""


class World:
    """One node's state and books, and the clock of the chain."""

    def __init__(self, full_checks: bool = True, **changes: dict[str, Any]) -> None:
        """`changes` replaces fields of the opening states: market={"trade_fee_micro": 0}; its `bounds` take single fields."""
        self.full_checks = full_checks
        self.reader = MemoryReader()
        self.height, self.time_ms = 0, START_MS
        self.events: list[Any] = []
        self.details: list[str] = []
        states = openings()
        changed = {name: replace(states[name], **_nested(states[name], fields)) for name, fields in changes.items()}
        self.reader.apply(opening_writes(genesis(**changed)))
        self.books = restore_books(self.reader)

    def _context(self) -> Context:
        return Context(
            state=State(self.reader),
            chain_id=CHAIN,
            height=Height(self.height),
            time_ms=TimeMs(self.time_ms),
            operator=account("egat"),
            books=self.books,
            proposer=account("egat-node"),
            previous_hash=Hash(bytes(32)),
            module_accounts=ACCOUNTS,
        )

    def block(self, *calls: Call, after_ms: int = 100) -> list[int]:
        """Run transactions in a block `after_ms` after the last; returns their codes, 0 for success. Raises InvariantBroken."""
        self.height += 1
        self.time_ms += after_ms
        context = self._context()
        self.books.begin()
        try:
            codes = self._execute(context, calls)
        except BaseException:
            self.books.rollback()
            raise
        self.books.commit()
        self.reader.apply(self._changed)
        if self.full_checks:
            self.check()
        return codes

    def _execute(self, context: Context, calls: Sequence[Call]) -> list[int]:
        self.details = []
        codes = [self._run(context, *call) for call in calls]
        for module in MODULES:
            if module.end_block is not None:
                module.end_block(context)
        self._changed = context.state.writes()
        for module in MODULES:
            module.check_block(self.reader, self._changed)
        self.writes = {key: value for key, value in self._changed.items() if key[0] != VALIDATORS}
        self.events, self.totals = context.events, context.totals
        return codes

    def _run(self, context: Context, sender: str, messages: Any) -> int:
        events, figures = list(context.events), context.totals.copy()
        context.state.begin()
        for message in messages if isinstance(messages, list) else [messages]:
            message = decode(type(message), encode(message))
            handler = next(module.handlers[type(message)] for module in MODULES if type(message) in module.handlers)
            try:
                handler(context, account(sender), message)
            except Rejected as rejected:
                context.state.rollback()
                context.events, context.totals = events, figures
                self.details.append(str(rejected))
                return int(rejected.code)
        context.state.commit()
        return 0

    def ok(self, *calls: Call, after_ms: int = 100) -> None:
        """A block in which every transaction takes effect."""
        codes = self.block(*calls, after_ms=after_ms)
        assert codes == [0] * len(calls), self.details

    def check(self) -> None:
        """Every invariant over the whole state; the kernel against it; a kernel made from it against the kernel."""
        for module in MODULES:
            module.check_whole(self.reader)
        check_books(self.reader, self.books)
        check_books(self.reader, restore_books(self.reader))

    def restart(self) -> None:
        """Forget the books and make them from the state, as a node does that starts."""
        self.books = restore_books(self.reader)

    def until(self, time_ms: int) -> None:
        """An empty block at chain time `time_ms`, if that is not past."""
        if time_ms > self.time_ms:
            self.block(after_ms=time_ms - self.time_ms)

    def settle(self, mtu: int) -> None:
        """Empty blocks until the MTU is settled."""
        self.until((mtu + 1) * MTU_MS + WINDOW_MS)

    def join(self, name: str, zone: str, *meters: tuple[str, Direction, Source]) -> None:
        """Enrol a participant with one connection point, `<name>-point`, and its meters."""
        point = f"{name}-point"
        self.ok(("erc", RegisterParticipant(account(name), Kind.PROSUMER, zone, name)))
        self.ok((DSO[zone], RegisterPoint(point, account(name), zone)))
        for meter, direction, source in meters:
            key = keys_of(meter).public_key
            self.ok((DSO[zone], BindMeter(meter, point, key, direction, source, MAX_METER_WH)))

    def thb(self, name: str) -> int:
        """Balance of a name in THB."""
        return self.held(account(name), Denomination.THB)

    def held(self, holder: Address, denomination: Denomination) -> int:
        """Balance of an account."""
        return balance(self.reader, holder, denomination)


def device(meter: str) -> KeyPair:
    """Key pair of a meter's device."""
    return keys_of(meter)


def reading(meter: str, mtu: int, generated_wh: int = 0, consumed_wh: int = 0, version: int = 0) -> SubmitReading:
    """A reading of a meter; its signature is not looked at by the rules, only outside them."""
    return SubmitReading(keys_of(meter).public_key, mtu, generated_wh, consumed_wh, version, bytes(64))


def bid(mtu: int, energy_wh: int, limit_micro: int, sources: int = ANY_SOURCE, **more: Any) -> SheetEntry:
    """An entry that buys; `more` are its terms, preferences and deadline."""
    return SheetEntry(mtu, Side.BID, energy_wh, limit_micro, sources, **more)


def offer(mtu: int, energy_wh: int, limit_micro: int, sources: int = SOLAR, **more: Any) -> SheetEntry:
    """An entry that sells; `more` are its terms, preferences and deadline."""
    return SheetEntry(mtu, Side.OFFER, energy_wh, limit_micro, sources, **more)


def sheet(name: str, sheet_id: int, *entries: SheetEntry) -> Call:
    """A sheet for the point of a name."""
    return name, PlaceSheet(sheet_id, f"{name}-point", entries)


def replacement(name: str, sheet_id: int, revision: int, *entries: SheetEntry) -> Call:
    """A sheet in the place of another, for the point of a name."""
    return name, ReplaceSheet(sheet_id, revision, f"{name}-point", entries)


def partner(name: str, sources: int = 0) -> Preference:
    """A preference for a name's orders, of some sources."""
    return Preference(account(name), sources)


def some(sources: int) -> Preference:
    """A preference for sources."""
    return Preference(Address(b""), sources)


def two_zones(**changes: dict[str, Any]) -> World:
    """alice sells solar and wind in CITY, bob consumes there, carol consumes and generates in NORTH."""
    world = World(**changes)
    world.join(
        "alice",
        "CITY",
        ("alice-pv", Direction.GENERATION, Source.SOLAR),
        ("alice-wind", Direction.GENERATION, Source.WIND),
        ("alice-load", Direction.CONSUMPTION, Source.GRID),
    )
    world.join("bob", "CITY", ("bob-load", Direction.CONSUMPTION, Source.GRID))
    world.join(
        "carol",
        "NORTH",
        ("carol-pv", Direction.GENERATION, Source.SOLAR),
        ("carol-load", Direction.CONSUMPTION, Source.GRID),
    )
    return world


__all__ = [
    "ACTORS",
    "DSO",
    "FEE_MICRO",
    "FIRST_MTU",
    "MTU_MS",
    "SOLAR",
    "START_MS",
    "THB",
    "WIND",
    "World",
    "account",
    "bid",
    "device",
    "offer",
    "partner",
    "reading",
    "replacement",
    "sheet",
    "some",
    "two_zones",
]


def _nested(opening: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """`fields` with dicts replaced by the opening state's nested record, changed by them."""
    return {
        name: replace(getattr(opening, name), **value) if isinstance(value, dict) else value
        for name, value in fields.items()
    }
