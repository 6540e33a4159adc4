"""Metering without settlement: its rules and invariants, and those of lots and token, over a state; no hook runs, the test settles.

The world's meters: alice-pv, alice-wind (generation) and alice-load at alice-point, bob-load at bob-point, carol-pv (generation) and
carol-load at carol-point. MTUs are counted from the first that ends after the world was made.
"""

from __future__ import annotations

from typing import Any

from gridnode.modules.context import Context
from gridnode.modules.lots import invariants as lots_invariants
from gridnode.modules.lots.tables import LOTS
from gridnode.modules.metering import invariants
from gridnode.modules.metering.messages import SubmitReading, SubstituteReading
from gridnode.modules.metering.rules import HANDLERS
from gridnode.modules.token import invariants as token_invariants
from gridnode.primitives.errors import Rejected
from gridnode.state.kv import Reader
from gridnode.state.overlay import State
from tests.energy_world import MTU_MS, account, reading, two_zones

WINDOW_MS = 3 * MTU_MS
CORRECTION_MS = 6 * MTU_MS
POINT = {
    "alice-pv": "alice-point",
    "alice-wind": "alice-point",
    "alice-load": "alice-point",
    "bob-load": "bob-point",
    "carol-pv": "carol-point",
    "carol-load": "carol-point",
}
DSO = {"alice-point": "mea", "bob-point": "mea", "carol-point": "pea"}


def is_generation(meter: str) -> bool:
    """Whether a meter of the world measures generation."""
    return not meter.endswith("load")


class Meters:
    """A block of readings after the other."""

    def __init__(self) -> None:
        self.world = two_zones(metering={"reading_window_ms": WINDOW_MS, "correction_window_ms": CORRECTION_MS})
        self.first = self.world.time_ms // MTU_MS
        self._open()

    def _open(self) -> None:
        self.context: Context = self.world._context()

    @property
    def state(self) -> State:
        """The state with what the open block has changed."""
        return self.context.state

    @property
    def time_ms(self) -> int:
        """Chain time of the open block."""
        return self.world.time_ms

    @property
    def reader(self) -> Reader:
        """The state after the last block that was ended."""
        return self.world.reader

    def end_block(self) -> None:
        """Check the block and the whole state, keep it, open the next. Raises InvariantBroken."""
        writes = self.state.writes()
        for checks in (token_invariants, lots_invariants, invariants):
            checks.check_block(self.reader, writes)
        self.world.reader.apply(writes)
        self.world.height += 1
        for checks in (token_invariants, lots_invariants, invariants):
            checks.check_whole(self.reader)
        self._open()

    def until(self, time_ms: int) -> None:
        """End the block and open one at `time_ms`, if that is not past."""
        self.world.time_ms = max(self.world.time_ms, time_ms)
        self.end_block()

    def after(self, mtu: int, later_ms: int = 0) -> None:
        """Go to `later_ms` after the end of the MTU with this number, counted from the first."""
        self.until((self.first + mtu + 1) * MTU_MS + later_ms)

    def run(self, sender: str, message: Any) -> int:
        """Run a message; returns its code, 0 for success."""
        events, figures = list(self.context.events), self.context.totals.copy()
        self.state.begin()
        try:
            HANDLERS[type(message)](self.context, account(sender), message)
        except Rejected as rejected:
            self.state.rollback()
            self.context.events, self.context.totals = events, figures
            return int(rejected.code)
        self.state.commit()
        return 0

    def measure(self, meter: str, mtu: int, energy_wh: int, version: int = 0) -> int:
        """A device's version of an MTU counted from the first; returns the code."""
        return self.run("bob", self.measured(meter, mtu, energy_wh, version))

    def measured(self, meter: str, mtu: int, energy_wh: int, version: int = 0) -> SubmitReading:
        """The message of `measure`."""
        figures = (energy_wh, 0) if is_generation(meter) else (0, energy_wh)
        return reading(meter, self.first + mtu, *figures, version)

    def substitute(self, meter: str, mtu: int, energy_wh: int, version: int, sender: str = "") -> int:
        """The DSO's version of an MTU counted from the first; returns the code."""
        figures = (energy_wh, 0) if is_generation(meter) else (0, energy_wh)
        message = SubstituteReading(meter, self.first + mtu, *figures, version, f"because of {energy_wh}")
        return self.run(sender or DSO[POINT[meter]], message)

    def issued_wh(self, meter: str) -> int:
        """Energy of all lots there are of a meter."""
        return sum(lot.energy_wh for _, lot in LOTS.scan(self.state) if lot.meter == meter)
