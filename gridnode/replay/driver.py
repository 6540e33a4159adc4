"""The replay itself: registration, order sheets through the day, readings after each MTU, then settlement; at the pace of chain time.

Everything goes through the REST API, each sender to a validator of its own; a validator that does not answer is passed over for the
next, and what it may have taken already is not sent twice in effect: the same bytes have the same id.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import trio

from gridnode.client.remote import Remote, RemoteProblem
from gridnode.client.wallet import Wallet, id_of
from gridnode.modules.market.messages import PlaceSheet
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import PointId
from gridnode.primitives.limits import MAX_MESSAGES
from gridnode.replay.cast import ISSUER, REGULATOR, Cast, Participant, sheet_entry
from gridnode.replay.day import MTUS, Day, DayMeter
from gridnode.replay.intentions import Want

SHEET_MTUS = 24
"""Quarter hours under one sheet; a day has four."""
LATEST_DAY = 2
"""Working days after the planned one, a Wednesday, on which the same day can be played: the tariffs are the same."""
WAIT_MS = 20_000
"""How long a validator is asked to wait for a transaction's block before it is asked again."""
RETRY_S = 0.5
GIVE_UP_S = 120.0
FIRST_SHEETS_MTUS = 6
"""Quarter hours left for the first sheets at least; no sheet is sent in the last two of them."""
VALID_MS = 240_000
"""A transaction is valid for longer than it is sent again, so it is never rejected for an outage."""
READING_DELAY_MS = 250
"""After an MTU's end, so that the next block's time is past it."""
READINGS_A_TRANSACTION = 200
UNDER_WAY = 64
"""Transactions in flight at once."""


@dataclass(slots=True)
class Progress:
    """How far the replay is; `tell` is called when it changes."""

    tell: Callable[[Progress], None] = lambda _: None
    phase: str = "starting"  # what is under way, as the terminal shows it
    quarter: int = 0  # quarter hours of the day that are done
    transactions: int = 0  # committed so far
    readings: int = 0  # sent so far
    orders: int = 0  # sent so far
    finality_ms: list[float] = field(default_factory=list)  # from sending to commit, of each transaction
    rejected: Counter[str] = field(default_factory=Counter)  # how many by code

    def now(self, phase: str) -> None:
        """Enter a phase."""
        self.phase = phase
        self.tell(self)


class Driver:
    """Plays one day on one network."""

    def __init__(
        self,
        day: Day,
        cast: Cast,
        wants: dict[str, list[Want]],
        remotes: Sequence[Remote],
        first_mtu: int,
        mtu_ms: int,
        progress: Progress,
    ) -> None:
        self._day = day
        self._cast = cast
        self._wants = wants
        self._remotes = tuple(remotes)
        self._first_mtu = first_mtu
        self._mtu_ms = mtu_ms
        self._progress = progress
        self._slots = trio.CapacityLimiter(UNDER_WAY)
        self._turn = 0

    async def register(self) -> None:
        """Enrol, fund and bind everybody, however long that takes. Raises OperatorError when no validator answers for GIVE_UP_S."""
        self._progress.now("registering")
        institutions = self._cast.institutions
        await self._all_of(institutions[REGULATOR], self._cast.enrolment())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._all_of, institutions[ISSUER], self._cast.funding())
            for dso in sorted(set(self._cast.dso_of_zone.values())):
                nursery.start_soon(self._all_of, institutions[dso], self._cast.bindings(dso))

    def choose_day(self) -> int:
        """Chain MTU of quarter hour 0 of the day that is played, to be called once, when everybody is registered.

        The planned day, or the first working day after it that leaves time for the first sheets: a quarter hour of the test's day lasts
        seconds, and a machine that does other things may need longer than the lead for the registration. Raises OperatorError when it took
        longer than those days.
        """
        for _ in range(LATEST_DAY + 1):
            if _now_ms() <= self._start_of(self._day.quarters.start) - FIRST_SHEETS_MTUS * self._mtu_ms:
                return self._first_mtu
            self._first_mtu += MTUS
        raise OperatorError("registration took longer than the lead before the day and two days more; choose longer quarter hours")

    async def trade(self) -> None:
        """The chosen day: sheets and readings. Raises OperatorError when no validator answers for GIVE_UP_S."""
        self._progress.now("trading")
        async with trio.open_nursery() as nursery:
            for first in self._day.quarters[::SHEET_MTUS]:
                nursery.start_soon(self._sheets, first)
            nursery.start_soon(self._readings)
        self._progress.now("settling")

    def _start_of(self, quarter: int) -> int:
        return (self._first_mtu + quarter) * self._mtu_ms

    async def _all_of(self, wallet: Wallet, messages: Sequence[Any]) -> None:
        """Many messages of one sender in as few transactions as they need, one after the other: later ones rest on earlier ones."""
        for first in range(0, len(messages), MAX_MESSAGES):
            await self._send(wallet, messages[first : first + MAX_MESSAGES], self._next_turn())

    async def _sheets(self, first: int) -> None:
        """One round of sheets, spread evenly over most of the six hours before they begin; the rest is for a machine that is slow."""
        opens = max(_now_ms(), self._start_of(first - SHEET_MTUS))
        closes = opens + max(0, self._start_of(first - 2) - opens) * 3 // 4
        if first == self._day.quarters.start:
            closes = min(closes, opens + SHEET_MTUS * self._mtu_ms)
        participants = self._cast.participants
        async with trio.open_nursery() as nursery:
            for number, who in enumerate(participants):
                await _sleep_until(opens + (closes - opens) * number // len(participants))
                nursery.start_soon(self._sheet, who, first, number)

    async def _sheet(self, who: Participant, first: int, turn: int) -> None:
        wants = [want for want in self._wants[who.point] if first <= want.mtu < first + SHEET_MTUS]
        if wants:
            entries = tuple(sheet_entry(want, self._first_mtu) for want in wants)
            await self._send(who.wallet, [PlaceSheet(first + 1, PointId(who.point), entries)], turn)
            self._progress.orders += len(entries)

    async def _readings(self) -> None:
        by_dso: dict[str, list[DayMeter]] = {}
        for meter in self._day.meters:
            by_dso.setdefault(self._cast.dso_of_zone[meter.zone], []).append(meter)
        async with trio.open_nursery() as nursery:
            for quarter in self._day.quarters:
                await _sleep_until(self._start_of(quarter + 1) + READING_DELAY_MS)
                self._progress.quarter = quarter + 1
                self._progress.tell(self._progress)
                for dso, meters in by_dso.items():
                    for first in range(0, len(meters), READINGS_A_TRANSACTION):
                        part = meters[first : first + READINGS_A_TRANSACTION]
                        nursery.start_soon(self._measure, dso, part, quarter, self._next_turn())

    async def _measure(self, dso: str, meters: Sequence[DayMeter], quarter: int, turn: int) -> None:
        mtu = self._first_mtu + quarter
        readings = await trio.to_thread.run_sync(
            lambda: [self._cast.reading(meter, quarter, mtu) for meter in meters]
        )
        await self._send(self._cast.institutions[dso], readings, turn)
        self._progress.readings += len(readings)

    def _next_turn(self) -> int:
        self._turn += 1
        return self._turn

    async def _send(self, wallet: Wallet, messages: Sequence[Any], turn: int) -> None:
        """Submit and wait until it is in a block; another validator is asked when one does not answer."""
        async with self._slots:
            sent_ms = _now_ms()
            raw = wallet.sign(messages, sent_ms, VALID_MS)
            with trio.move_on_after(GIVE_UP_S):
                while not await self._try(raw, turn):
                    turn += 1
                    await trio.sleep(RETRY_S)
                self._progress.finality_ms.append(_now_ms() - sent_ms)
                self._progress.transactions += 1
                self._progress.tell(self._progress)
                return
        raise OperatorError(f"no validator took transaction {id_of(raw).hex()} within {GIVE_UP_S:.0f} s")

    async def _try(self, raw: bytes, turn: int) -> bool:
        remote = self._remotes[turn % len(self._remotes)]
        try:
            row = (await remote.submit([raw], WAIT_MS))[0]
            if row["status"] == "rejected" and row["error"]["code"] == "DUPLICATE":
                row = await remote.get(f"transactions/{id_of(raw).hex()}", wait_ms=WAIT_MS)
        except RemoteProblem:
            return False
        if row["status"] == "rejected":
            code = row["error"]["code"]
            if code in ("POOL_FULL", "SENDER_LIMIT"):
                return False
            self._progress.rejected[code] += 1
            return True
        return bool(row["status"] == "committed")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _sleep_until(time_ms: int) -> None:
    await trio.sleep(max(0, time_ms - _now_ms()) / 1000)
