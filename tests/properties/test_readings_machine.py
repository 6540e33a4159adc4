"""Random versions of readings in random order: every version stays, lots are what is certified or owed, settled and late add up.

The machine is the settlement: it completes points once their window has closed, drops their sums, and takes what comes late. Its own
account is a list of versions for each meter and MTU; from it alone follow every result code, every sum, and every debt.
"""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gridnode.modules.lots.tables import HOLD
from gridnode.modules.metering.codes import MeteringCode
from gridnode.modules.metering.points import complete_point, drop_sum, take_late
from gridnode.modules.metering.queries import debt, energy, versions
from gridnode.modules.metering.tables import SUMS, Quality
from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.units import grid_of
from tests.energy_world import MTU_MS
from tests.meters_alone import CORRECTION_MS, POINT, WINDOW_MS, Meters, is_generation

METERS = ("alice-pv", "carol-pv", "bob-load", "carol-load")
MTUS = 4
FIGURES = st.sampled_from([0, 1, 5, 30, 400])
OFFSETS = st.sampled_from([0, 0, 0, 0, 1, -1])
"""How far the version named is from the right one."""
STATEMENTS = st.lists(st.tuples(st.booleans(), st.sampled_from(METERS), FIGURES, OFFSETS), min_size=1, max_size=6)
"""Whether a device or the DSO says it, of which meter, Wh, offset."""


class Said(NamedTuple):
    """One version in the machine's account."""

    quality: Quality
    energy_wh: int


class Readings(RuleBasedStateMachine):
    """Four meters of three points report, correct and are substituted, for a few MTUs."""

    def __init__(self) -> None:
        super().__init__()
        self.meters = Meters()
        self.said: dict[tuple[str, int], list[Said]] = {}
        self.certified: dict[tuple[str, int], int] = {}
        self.debts = dict.fromkeys(METERS, 0)
        self.issued = dict.fromkeys(METERS, 0)
        self.completed: dict[tuple[int, str], tuple[int, int]] = {}
        self.dropped: list[tuple[int, str]] = []
        self.changed: dict[tuple[int, str], tuple[int, int]] = {}
        self.done = 0
        self.meters.after(2)

    @rule(mtu=st.integers(0, MTUS - 1), statements=STATEMENTS)
    def say(self, mtu: int, statements: list[tuple[bool, str, int, int]]) -> None:
        """Devices and DSOs say something of an MTU, perhaps with a wrong number, perhaps too early or too late."""
        for by_device, *statement in statements:
            (self._measure if by_device else self._substitute)(mtu, *statement)

    def _measure(self, mtu: int, meter: str, energy_wh: int, offset: int) -> None:
        said = self.said.get((meter, mtu), [])
        right = sum(one.quality is Quality.MEASURED for one in said)
        version = max(0, right + offset)
        expected = self._code(said, mtu, version - right, Said(Quality.MEASURED, energy_wh))
        assert self.meters.measure(meter, mtu, energy_wh, version) == expected
        if expected == 0:
            self._say(meter, mtu, Said(Quality.MEASURED, energy_wh))

    def _substitute(self, mtu: int, meter: str, energy_wh: int, offset: int) -> None:
        said = self.said.get((meter, mtu), [])
        version = max(0, len(said) + offset)
        expected = self._code(said, mtu, version - len(said), Said(Quality.SUBSTITUTED, energy_wh))
        assert self.meters.substitute(meter, mtu, energy_wh, version) == expected
        if expected == 0:
            self._say(meter, mtu, Said(Quality.SUBSTITUTED, energy_wh))

    def _code(self, said: list[Said], mtu: int, offset: int, new: Said) -> int:
        since_ms = self._since_ms(mtu)
        if since_ms < 0:
            return MeteringCode.TOO_EARLY
        if since_ms >= CORRECTION_MS:
            return MeteringCode.CORRECTION_CLOSED if said else MeteringCode.WINDOW_CLOSED
        if offset:
            return MeteringCode.VERSION_GAP if offset > 0 else MeteringCode.STALE_VERSION
        if said and said[-1].energy_wh == new.energy_wh and said[-1].quality >= new.quality:
            return MeteringCode.NO_CHANGE
        return 0

    def _since_ms(self, mtu: int) -> int:
        return self.meters.time_ms - (self.meters.first + mtu + 1) * MTU_MS

    def _say(self, meter: str, mtu: int, new: Said) -> None:
        self.said.setdefault((meter, mtu), []).append(new)
        if not is_generation(meter):
            return
        before = self.certified.get((meter, mtu), 0)
        after = new.energy_wh if new.quality is Quality.MEASURED else min(before, new.energy_wh)
        self.certified[meter, mtu] = after
        if after < before:
            self.debts[meter] += before - after
        else:
            paid = min(self.debts[meter], after - before)
            self.debts[meter] -= paid
            self.issued[meter] += after - before - paid

    @rule(after_ms=st.sampled_from([1, 500, 1_000, MTU_MS, WINDOW_MS]))
    def next_block(self, after_ms: int) -> None:
        """The block ends; invariants of metering, lots and token hold over it and over the whole state."""
        self.meters.until(self.meters.time_ms + after_ms)

    @rule(mtu=st.integers(0, MTUS - 1), point=st.sampled_from(sorted(set(POINT.values()))))
    def complete(self, mtu: int, point: str) -> None:
        """Settlement begins with a point, or looks at it again: its figures are those of then."""
        place = mtu, point
        if self._since_ms(mtu) < WINDOW_MS or mtu < self.done or place in self.dropped:
            return
        sums = complete_point(self.meters.context, self.meters.first + mtu, point)
        if place not in self.completed:
            for meter in POINT:
                if POINT[meter] == point and (meter, mtu) not in self.said:
                    self.said[meter, mtu] = [Said(Quality.ESTIMATED, 0)]
            self.completed[place] = self._latest(mtu, point)
        assert (sums.generated_wh, sums.consumed_wh) == self.completed[place]

    @rule(pick=st.integers(0, 20))
    def settle(self, pick: int) -> None:
        """A completed point is settled."""
        waiting = [place for place in self.completed if place not in self.dropped]
        if waiting:
            mtu, point = waiting[pick % len(waiting)]
            drop_sum(self.meters.state, self.meters.first + mtu, point)
            self.dropped.append((mtu, point))

    @rule(before=st.integers(0, MTUS), limit=st.integers(1, 3))
    def correct(self, before: int, limit: int) -> None:
        """Settlement takes what is late of MTUs that are done: no point has sums. Some points had none when it passed."""
        first = self.meters.first
        while self.done < before and self._since_ms(self.done) >= WINDOW_MS:
            if any(True for _ in SUMS.scan(self.meters.state, first + self.done)):
                break
            self.done += 1
        for late in take_late(self.meters.state, first + self.done, limit):
            place = late.mtu - first, late.point
            known = self.changed.get(place, (0, 0))
            self.changed[place] = known[0] + late.change.generated_wh, known[1] + late.change.consumed_wh

    def _latest(self, mtu: int, point: str) -> tuple[int, int]:
        sums = [0, 0]
        for (meter, other), said in self.said.items():
            if (POINT[meter], other) == (point, mtu):
                sums[0 if is_generation(meter) else 1] += said[-1].energy_wh
        return sums[0], sums[1]

    @invariant()
    def every_version_is_there(self) -> None:
        """Each version has its number, figures and quality, whatever came after it."""
        for (meter, mtu), said in self.said.items():
            found = [row.reading for row in versions(self.meters.state, meter, self.meters.first + mtu, 1_000)]
            assert [row.version for row in found] == list(range(len(said)))
            assert [(row.quality, row.generated_wh + row.consumed_wh) for row in found] == said
        latest = [self._latest(mtu, point) for mtu in range(MTUS) for point in sorted(set(POINT.values()))]
        sums = energy(self.meters.state)
        assert (sums.generated_wh, sums.consumed_wh) == tuple(map(sum, zip(*latest, strict=True)))

    @invariant()
    def lots_are_certified_or_owed(self) -> None:
        """What was issued to a meter is what its device signed last, and what it owes."""
        for meter in METERS:
            certified = sum(wh for (name, _), wh in self.certified.items() if name == meter)
            assert debt(self.meters.state, meter) == self.debts[meter]
            assert self.meters.issued_wh(meter) == self.issued[meter] == certified + self.debts[meter]
        held = balance(self.meters.state, HOLD, Denomination.GRID)
        assert held == grid_of(sum(self.issued.values()))

    def teardown(self) -> None:
        """Settle everything: what was settled and what changed since is what the latest versions say."""
        self.meters.after(MTUS, CORRECTION_MS)
        places = list(dict.fromkeys((mtu, POINT[meter]) for meter, mtu in self.said))
        for place in places:
            self.complete(*place)
        for _ in places:
            self.settle(0)
        self.correct(MTUS, 1_000)
        assert self.done == MTUS
        for place in places:
            settled, changed = self.completed.get(place, (0, 0)), self.changed.get(place, (0, 0))
            assert (settled[0] + changed[0], settled[1] + changed[1]) == self._latest(*place)
        self.meters.end_block()


TestReadings = Readings.TestCase
TestReadings.settings = settings(max_examples=150, stateful_step_count=50)
