"""A chain on which chance trades: any mode, all terms, preferences, deadlines, replacements, narrow lines, few steps a block."""

from __future__ import annotations

from random import Random

from gridnode.modules.market.messages import CancelAll, CancelSheet, PlaceSheet, ReplaceSheet, SheetEntry
from gridnode.modules.market.sources import ANY_SOURCE
from gridnode.modules.market.tables import Mode, Preference, Side, Terms
from gridnode.primitives.ids import Address
from tests.chain_in_memory import account
from tests.energy_world import MTU_MS, SOLAR, WIND, Call
from tests.market_chain import SELLERS, ZONES, MarketChain

CHOOSY = (Terms.REST, Terms.IOC, Terms.MARKET)
FEW = (2, 3, 5, 1_000)
"""Steps of a block; the last always suffice."""


class RandomMarket:
    """A chain on which chance trades."""

    def __init__(self, chance: Random) -> None:
        """Draws mode, steps of a block and capacities."""
        self._chance = chance
        self._mode = chance.choice([Mode.CONTINUOUS, Mode.BOTH, Mode.BOTH, Mode.AUCTION])
        self._sheets: list[tuple[str, int]] = []
        self.steps = chance.choice(FEW)
        self.chain = MarketChain(
            mode=self._mode,
            call_ms=1_000 if self._mode is Mode.BOTH else 0,
            match_steps_per_block=self.steps,
            expiries_per_block=chance.choice([1, 2, 1_000]),
            lines=(chance.choice([50, 500, 40_000]), chance.choice([50, 300, 60_000])),
            ring=chance.choice([0, 0, 40, 400]),
            lock_from_wh=chance.choice([0, 30]),
            open_ahead_mtus=4,
        )

    def run(self) -> None:
        """Some blocks with sheets, cancels and replacements, then empty ones behind gate closures."""
        chance = self._chance
        for _ in range(chance.randint(5, 15)):
            calls = [self._sheet() for _ in range(chance.randint(0, 5))]
            if self._sheets and chance.random() < 0.3:
                name, sheet_id = chance.choice(self._sheets)
                calls.append((name, CancelSheet(sheet_id)))
            if chance.random() < 0.1:
                calls.append((chance.choice(list(ZONES)), CancelAll(0)))
            self.chain.block(*calls, after_ms=chance.choice([1, 100, 300, 600]))
        for _ in range(chance.randint(0, 8)):
            self.chain.block(after_ms=1_000)

    def _sheet(self) -> Call:
        chance = self._chance
        if len(self._sheets) > 3 and chance.random() < 0.1:
            name, sheet_id = chance.choice(self._sheets)
            return name, ReplaceSheet(sheet_id, 1, f"{name}-point", self._entries(name))
        name = chance.choice(list(ZONES))
        self._sheets.append((name, len(self._sheets)))
        return name, PlaceSheet(len(self._sheets) - 1, f"{name}-point", self._entries(name))

    def _entries(self, name: str) -> tuple[SheetEntry, ...]:
        return tuple(self._entry(name) for _ in range(self._chance.randint(1, 3)))

    def _entry(self, name: str) -> SheetEntry:
        chance = self._chance
        buys = name not in SELLERS or chance.random() < 0.4
        terms = chance.choice(self._terms()) if chance.random() < 0.3 else Terms.REST
        sources = chance.choice([SOLAR, WIND, SOLAR | WIND]) if buys else chance.choice([SOLAR, WIND])
        if buys and chance.random() < 0.7:
            sources = ANY_SOURCE
        preferences: tuple[Preference, ...] = ()
        if terms in CHOOSY and chance.random() < 0.3:
            preferences = tuple(self._preference(name, buys) for _ in range(chance.randint(1, 2)))
            sources = 0 if buys and chance.random() < 0.3 else sources
        price = chance.randint(6, 14) if buys else chance.randint(2, 9)
        return SheetEntry(
            self.chain.time_ms // MTU_MS + chance.randint(2, 3),
            Side.BID if buys else Side.OFFER,
            chance.choice([1, 10, 30, 100, 400]),
            0 if terms is Terms.MARKET else price * 500_000,
            sources,
            terms,
            preferences,
            self.chain.time_ms + chance.randint(101, 1_500) if chance.random() < 0.2 else 0,
        )

    def _terms(self) -> list[Terms]:
        """What may be taken in this mode, mostly."""
        auction = self._mode is Mode.AUCTION
        return [one for one in Terms if self._mode is Mode.BOTH or one is Terms.REST or (one is Terms.AUCTION) == auction]

    def _preference(self, name: str, buys: bool) -> Preference:
        chance = self._chance
        partner = account(chance.choice([other for other in ZONES if other != name]))
        if buys and chance.random() < 0.4:
            partner = Address(b"")
        return Preference(partner, chance.choice([SOLAR, WIND]) if buys else 0)
