"""Lots and bundles against a naive model: random transfers, retirements and bundles; every Wh is where the model has it.

The model keeps plain values for each lot and bundle and never looks at the chain. Lots are large, so that bundles fill quickly. Lots are
issued and given as metering and settlement do it, without the GRID that moves along: so only the invariants of lots are checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gridnode.modules.lots import queries
from gridnode.modules.lots.codes import LotsCode
from gridnode.modules.lots.invariants import check_block, check_whole
from gridnode.modules.lots.messages import (
    AddToBundle,
    LotOutput,
    LotPart,
    OpenBundle,
    Retire,
    RetireBundle,
    TransferBundle,
    TransferLots,
    Unbundle,
)
from gridnode.modules.lots.rules import give, issue
from gridnode.modules.lots.tables import BUNDLE_WH, BUNDLES, LOTS
from gridnode.modules.registry.tables import Source
from tests.energy_world import World, account

NAMES = ("alice", "bob", "carol")
LOTS_EACH, LOT_WH = 5, 400_000
PEOPLE = st.sampled_from(NAMES)
NUMBERS = st.integers(1, 20)
BUNDLES_NAMED = st.integers(1, 4)
STRANGER = st.sampled_from([None, None, None, *NAMES])
"""Who sends instead of the owner, if anybody."""


@dataclass(frozen=True)
class Piece:
    """A lot of the model."""

    owner: str
    wh: int
    source: Source
    origin: int
    bundle: int = 0
    retired: bool = False


@dataclass(frozen=True)
class Box:
    """A bundle of the model."""

    owner: str
    source: Source
    retired: bool = False


class Certificates(RuleBasedStateMachine):
    """Three owners, each with lots of solar and one of wind from the start."""

    @initialize()
    def start(self) -> None:
        self.world = World(False)
        self.lots: dict[int, Piece] = {}
        self.boxes: dict[int, Box] = {}
        self.next_lot = self.next_box = 1
        context = self.world._context()
        for place, name in enumerate(NAMES * LOTS_EACH):
            source = Source.WIND if place < len(NAMES) else Source.SOLAR
            number = issue(context, "alice-pv", "CITY", source, 1, LOT_WH)
            assert give(context, number, LOT_WH, account(name)) == number
            self._add(Piece(name, LOT_WH, source, number))
        self._keep(context.state.writes())
        for name in NAMES:
            self.open(name, Source.SOLAR)

    def _keep(self, writes: Any) -> None:
        check_block(self.world.reader, writes)
        self.world.reader.apply(writes)
        check_whole(self.world.reader)

    def _run(self, sender: str, message: Any) -> int:
        self.world.time_ms += 1
        context = self.world._context()
        code = self.world._run(context, sender, message)
        self._keep(context.state.writes())
        return code

    def _add(self, piece: Piece) -> int:
        self.lots[self.next_lot] = piece
        self.next_lot += 1
        return self.next_lot - 1

    def _take(self, number: int, wh: int, **changes: Any) -> None:
        """A part of a lot becomes another lot, or all of it changes."""
        piece = self.lots[number]
        if wh == piece.wh:
            self.lots[number] = replace(piece, **changes)
        else:
            self.lots[number] = replace(piece, wh=piece.wh - wh)
            self._add(replace(piece, wh=wh, **changes))

    def _fault(self, sender: str, numbers: Iterable[int]) -> int:
        listed = list(numbers)
        if len(set(listed)) < len(listed):
            return LotsCode.SPENT_TWICE
        for number in listed:
            piece = self.lots.get(number)
            if piece is None:
                return LotsCode.UNKNOWN_LOT
            if piece.bundle:
                return LotsCode.IN_BUNDLE
            if piece.owner != sender:
                return LotsCode.NOT_OWNER
            if piece.retired:
                return LotsCode.ALREADY_RETIRED
        return 0

    def _box_fault(self, sender: str, number: int) -> int:
        box = self.boxes.get(number)
        if box is None:
            return LotsCode.UNKNOWN_BUNDLE
        if box.owner != sender:
            return LotsCode.NOT_BUNDLE_OWNER
        return LotsCode.BUNDLE_RETIRED if box.retired else 0

    def _owner(self, stranger: str | None, number: int) -> str:
        box = self.boxes.get(number)
        return stranger or (box.owner if box else "alice")

    def _inside(self, number: int) -> list[int]:
        return [lot for lot, piece in sorted(self.lots.items()) if piece.bundle == number]

    def _filled_wh(self, number: int) -> int:
        return sum(self.lots[lot].wh for lot in self._inside(number))

    def _movable(self, sender: str, source: Source | None = None) -> list[int]:
        return [
            number
            for number, piece in self.lots.items()
            if not self._fault(sender, [number]) and source in (None, piece.source)
        ]

    @rule(stranger=STRANGER, other=PEOPLE, number=NUMBERS, part=st.integers(1, LOT_WH))
    def transfer(self, stranger: str | None, other: str, number: int, part: int) -> None:
        piece = self.lots.get(number)
        sender = stranger or (piece.owner if piece else "alice")
        first = min(part, piece.wh) if piece else part
        rest = piece.wh - first if piece else 0
        outputs = tuple(LotOutput(account(name), wh) for name, wh in ((other, first), (sender, rest)) if wh)
        code = self._run(sender, TransferLots((number,), outputs))
        assert code == self._fault(sender, [number])
        if not code:
            assert piece is not None
            del self.lots[number]
            for name, wh in ((other, first), (sender, rest)):
                if wh:
                    self._add(replace(piece, owner=name, wh=wh))

    @rule(
        stranger=STRANGER,
        other=PEOPLE,
        parts=st.lists(st.tuples(NUMBERS, st.integers(1, LOT_WH)), min_size=1, max_size=2),
    )
    def retire(self, stranger: str | None, other: str, parts: list[tuple[int, int]]) -> None:
        first = self.lots.get(parts[0][0])
        sender = stranger or (first.owner if first else "alice")
        parts = [(number, min(wh, self.lots[number].wh) if number in self.lots else wh) for number, wh in parts]
        message = Retire(tuple(LotPart(*part) for part in parts), account(other), "")
        code = self._run(sender, message)
        assert code == self._fault(sender, (number for number, _ in parts))
        if not code:
            for number, wh in parts:
                self._take(number, wh, owner=other, retired=True)

    @rule(sender=PEOPLE, source=st.sampled_from([Source.SOLAR, Source.SOLAR, Source.WIND, Source.GRID]))
    def open(self, sender: str, source: Source) -> None:
        code = self._run(sender, OpenBundle(source))
        assert code == (LotsCode.NO_TECHNOLOGY if source is Source.GRID else 0)
        if not code:
            self.boxes[self.next_box] = Box(sender, source)
            self.next_box += 1

    @rule(number=BUNDLES_NAMED, count=st.integers(1, 5), data=st.data())
    def fill(self, number: int, count: int, data: st.DataObject) -> None:
        """The owner puts in lots of its own, mostly of the right source."""
        box = self.boxes.get(number)
        owner = box.owner if box else "alice"
        source = box.source if box and data.draw(st.sampled_from([True, True, True, False])) else None
        chosen = tuple(self._movable(owner, source)[:count])
        if not chosen:
            return
        code = self._run(owner, AddToBundle(number, chosen))
        assert code == self._filling_fault(owner, number, chosen)
        if not code:
            for lot in chosen:
                room_wh = BUNDLE_WH - self._filled_wh(number)
                self._take(lot, min(room_wh, self.lots[lot].wh), bundle=number)

    def _filling_fault(self, owner: str, number: int, chosen: tuple[int, ...]) -> int:
        fault = self._box_fault(owner, number)
        if fault:
            return fault
        filled = self._filled_wh(number)
        if filled == BUNDLE_WH:
            return LotsCode.BUNDLE_SEALED
        if any(self.lots[lot].source is not self.boxes[number].source for lot in chosen):
            return LotsCode.OTHER_SOURCE
        before_last = sum(self.lots[lot].wh for lot in chosen[:-1])
        return LotsCode.LOTS_LEFT_OVER if filled + before_last >= BUNDLE_WH else 0

    @rule(stranger=STRANGER, other=PEOPLE, number=BUNDLES_NAMED, retired=st.booleans())
    def pass_on(self, stranger: str | None, other: str, number: int, retired: bool) -> None:
        sender = self._owner(stranger, number)
        fault = self._box_fault(sender, number)
        if not fault and self._filled_wh(number) < BUNDLE_WH:
            fault = LotsCode.BUNDLE_NOT_SEALED
        target = account(other)
        message = RetireBundle(number, target, "") if retired else TransferBundle(number, target)
        assert self._run(sender, message) == fault
        if not fault:
            self.boxes[number] = replace(self.boxes[number], owner=other, retired=retired)

    @rule(stranger=STRANGER, number=BUNDLES_NAMED, sure=st.integers(0, 3))
    def unbundle(self, stranger: str | None, number: int, sure: int) -> None:
        """Seldom, so that bundles fill."""
        if sure:
            return
        sender = self._owner(stranger, number)
        code = self._run(sender, Unbundle(number))
        assert code == self._box_fault(sender, number)
        if not code:
            for lot in self._inside(number):
                self.lots[lot] = replace(self.lots[lot], owner=sender, bundle=0)
            del self.boxes[number]

    @invariant()
    def agrees(self) -> None:
        reader = self.world.reader
        rows = {number: lot for (number,), lot in LOTS.scan(reader)}
        assert list(rows) == sorted(self.lots)
        for number, piece in self.lots.items():
            row = rows[number]
            seen = queries.certificate(reader, number, row)
            box = self.boxes.get(piece.bundle, Box(piece.owner, piece.source, piece.retired))
            told = (seen.owner, seen.retired_ms > 0, row.energy_wh, row.source, row.origin, row.bundle)
            assert told == (account(box.owner), box.retired, piece.wh, piece.source, piece.origin, piece.bundle)
        assert [number for (number,), _ in BUNDLES.scan(reader)] == sorted(self.boxes)

    @invariant()
    def conserves(self) -> None:
        reader = self.world.reader
        assert sum(piece.wh for piece in self.lots.values()) == LOT_WH * LOTS_EACH * len(NAMES)
        retired = sum(piece.wh for piece in self.lots.values() if piece.retired)
        retired += BUNDLE_WH * sum(box.retired for box in self.boxes.values())
        assert queries.energy(reader).retired_wh == retired


TestCertificates = Certificates.TestCase
TestCertificates.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
