"""A chain in memory on which a market trades, with everything that an auditor gets of it: blocks, commits, receipts.

The zones are those of the test chain, CITY and NORTH; alice and dora sell solar energy, and everybody buys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gridnode.audit.findings import Report
from gridnode.audit.reading import opening, read_block
from gridnode.audit.verify import Audit
from gridnode.chain.genesis import Genesis
from gridnode.chain.recorded import RecordedBlock
from gridnode.modules.grid.tables import Line
from gridnode.modules.grid.tariffs import Charge
from gridnode.modules.market.tables import Bounds, MarketGenesis
from gridnode.modules.registry.messages import BindMeter, RegisterParticipant, RegisterPoint
from gridnode.modules.registry.tables import Direction, Kind, Source
from gridnode.modules.token.messages import Mint
from gridnode.modules.token.tables import Denomination
from tests.chain_in_memory import THB, MemoryChain, account, genesis, keys_of, openings
from tests.energy_world import DSO, Call

ZONES = {"alice": "CITY", "bob": "CITY", "carol": "NORTH", "dora": "NORTH"}
SELLERS = ("alice", "dora")
FUNDS = 10_000 * THB


def market_genesis(lines: tuple[int, int] = (40_000, 60_000), ring: int = 0, **market: Any) -> Genesis:
    """Genesis of the test chain with other fields of the market's opening state; see `MarketChain`."""
    states = openings()
    grid = states["grid"]
    narrow = tuple(
        replace(line, atc_forward_wh=wh, atc_backward_wh=wh) for line, wh in zip(grid.lines, lines, strict=True)
    )
    if ring:
        direct = Line("direct", "NORTH", "CITY", ring, ring, account("egat"))
        wheeling = (*grid.tariff.wheeling, Charge("direct", (50_000, 30_000)))
        grid = replace(grid, tariff=replace(grid.tariff, wheeling=wheeling))
        narrow = (*narrow, direct)
    bounds = replace(states["market"].bounds, **market.pop("bounds", {}))
    return genesis(market=replace(states["market"], bounds=bounds, **market), grid=replace(grid, lines=narrow))


class MarketChain:
    """A chain that keeps what it told."""

    def __init__(self, **market: Any) -> None:
        """`market` replaces fields of the market's opening state.

        lines  capacities of the lines of CITY and NORTH to the bus, Wh
        ring   capacity of a third line between the zones, which closes a ring; 0 for none
        """
        self.genesis = market_genesis(**market)
        self.chain = MemoryChain(self.genesis)
        self.recorded: list[RecordedBlock] = []
        self._register()

    @property
    def time_ms(self) -> int:
        """Chain time of the newest block."""
        return int(self.chain.ledger.tip.time_ms)

    def block(self, *calls: Call, after_ms: int = 100) -> list[int]:
        """Make a block of transactions; returns their codes."""
        transactions = [
            self.chain.transaction(name, *(messages if isinstance(messages, list) else [messages]))
            for name, messages in calls
        ]
        executed = self.chain.block(*transactions, after_ms=after_ms)
        self.recorded.append(RecordedBlock(executed.block, self.chain.last_commit(), executed.receipts))
        assert len(executed.receipts) == len(calls) + 1, executed.refused
        return [receipt.code for receipt in executed.receipts[:-1]]

    def ok(self, *calls: Call, after_ms: int = 100) -> None:
        """A block in which every transaction takes effect."""
        assert self.block(*calls, after_ms=after_ms) == [0] * len(calls)

    def until(self, time_ms: int) -> None:
        """An empty block at a chain time."""
        self.block(after_ms=time_ms - self.time_ms)

    def genesis_bounds(self) -> Bounds:
        """What orders may say from MTU 0 on."""
        return opening(self.genesis, "market", MarketGenesis).bounds

    def messages(self, recorded: RecordedBlock) -> list[Any]:
        """What a block's transactions that took effect asked of grid and market."""
        return [message for done in read_block(recorded).done for message in done.messages]

    def _register(self) -> None:
        self.ok(*(("erc", RegisterParticipant(account(name), Kind.PROSUMER, zone, name)) for name, zone in ZONES.items()))
        self.ok(*((DSO[zone], RegisterPoint(f"{name}-point", account(name), zone)) for name, zone in ZONES.items()))
        meters = [(name, Direction.GENERATION, source) for name in SELLERS for source in (Source.SOLAR, Source.WIND)]
        self.ok(*((DSO[ZONES[name]], _binding(name, direction, source)) for name, direction, source in meters))
        self.ok(("bank", [Mint(account(name), Denomination.THB, FUNDS) for name in ZONES]))


def _binding(name: str, direction: Direction, source: Source) -> BindMeter:
    meter = f"{name}-{source.name.lower()}"
    return BindMeter(meter, f"{name}-point", keys_of(meter).public_key, direction, source, 100_000)


def audit(start: Genesis, recorded: Sequence[RecordedBlock], first: int = 1) -> Report:
    """The report on blocks from genesis on, verified from height `first` on."""
    made = Audit(start, first)
    for block in recorded:
        if not made.take(block):
            break
    return made.report
