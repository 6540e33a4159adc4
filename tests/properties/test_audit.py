"""Random markets are verified clean: whatever terms, phases and however few steps a block has, the audit comes to what the node did."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.audit.book import SparingBooks
from gridnode.modules.market.messages import CancelAll, CancelSheet, PlaceSheet, ReplaceSheet, SheetEntry
from gridnode.modules.market.reference import ReferenceBooks
from gridnode.modules.market.sources import ANY_SOURCE
from gridnode.modules.market.tables import Mode, Preference, Side, Terms
from gridnode.primitives.ids import Address
from tests.chain_in_memory import account
from tests.energy_world import MTU_MS, SOLAR, WIND, Call
from tests.market_chain import SELLERS, ZONES, MarketChain, audit

CHOOSY = (Terms.REST, Terms.IOC, Terms.MARKET)
FEW = (2, 3, 5, 1_000)
"""Steps of a block."""


class RandomMarket:
    """A chain on which chance trades."""

    def __init__(self, chance: Random) -> None:
        """Draws mode, steps of a block and capacities."""
        self._chance = chance
        self._mode = chance.choice([Mode.CONTINUOUS, Mode.BOTH, Mode.BOTH, Mode.AUCTION])
        self._sheets: list[tuple[str, int]] = []
        self.chain = MarketChain(
            mode=self._mode,
            call_ms=1_000 if self._mode is Mode.BOTH else 0,
            match_steps_per_block=chance.choice(FEW),
            expiries_per_block=chance.choice([1, 2, 1_000]),
            lines=(chance.choice([50, 500, 40_000]), chance.choice([50, 300, 60_000])),
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


@settings(max_examples=40, deadline=None)
@given(chance=st.randoms(use_true_random=False), first=st.integers(1, 30))
def test_what_a_node_did_is_verified(chance: Random, first: int) -> None:
    """From the first block on, from any block on, and when all blocks are only followed."""
    market = RandomMarket(chance)
    market.run()
    recorded = market.chain.recorded
    whole = audit(market.chain.genesis, recorded)
    assert whole.findings == []
    assert whole.blocks == len(recorded)
    for start in (first, len(recorded) + 1):
        assert audit(market.chain.genesis, recorded, start).findings == []


ORDERS = st.tuples(st.booleans(), st.integers(0, 2), st.sampled_from([1, 2, 3]), st.integers(1, 6), st.integers(1, 40))
"""Side, zone, sources, price, energy."""


@settings(max_examples=150, deadline=None)
@given(orders=st.lists(ORDERS, max_size=30), room_wh=st.integers(1, 60), budget=st.sampled_from([1, 2, 1_000]), data=st.data())
def test_the_sparing_books_are_the_naive_books(orders: list[Any], room_wh: int, budget: int, data: st.DataObject) -> None:
    """Looking for crossed pairs only when there can be one finds the same pairs."""
    paths = [[[], [(0, 1)], [(0, 1), (1, 1)]], [[(0, -1)], [], [(1, 1)]], [[(1, -1), (0, -1)], [(1, -1)], []]]
    both = [cls(3, 2, paths) for cls in (ReferenceBooks, SparingBooks)]
    for books in both:
        books.open_period(7, books.add_band([[0, 1, 2], [1, 0, 1], [2, 1, 0]]), [room_wh] * 2, [room_wh] * 2)
    for number, (sells, zone, mask, price, energy_wh) in enumerate(orders, 1):
        order = (7, number, int(sells), zone, mask if not sells else 1 + mask % 2, price)
        left, done = energy_wh, False
        kills = data.draw(st.integers(0, 9)) == 0
        while not done:
            for books in both:
                books.begin()
            told = [books.place(*order, left, budget) for books in both]
            assert told[0] == told[1]
            _, left, done = told[0]
            for books in both:
                (books.rollback if kills else books.commit)()
            if kills or not left:
                break
        while not kills and not done:
            fills = [books.rematch(7, budget) for books in both]
            assert fills[0] == fills[1]
            done = fills[0][1]
