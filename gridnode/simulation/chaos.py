"""What goes wrong with machines until the world heals: deaths, power cuts, full disks, clocks; and how they come back."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from gridnode.simulation.kernel import Clock, Died
from gridnode.simulation.machine import Machine
from gridnode.simulation.plan import CLOCK_OFFSET_MS, Fault, Plan
from gridnode.simulation.trace import Trace

EVERY_MS: Final = 100
HOUR_MS: Final = 3_600_000
MOMENTS: Final = 60
"""A death comes within so many moments of being decided: writes, syncs, renames, batches, messages sent, timeouts set."""


class Chaos:
    """Troubles the honest machines; liars have their own ways."""

    def __init__(
        self, clock: Clock, random: Random, plan: Plan, machines: Sequence[Machine], trace: Trace
    ) -> None:
        self._clock = clock
        self._random = random
        self._plan = plan
        self._machines = machines
        self._honest = [machine for machine in machines if machine.is_honest]
        self._trace = trace
        if plan.percent:
            clock.at(EVERY_MS, self._trouble)
        if Fault.CLOCK in plan.percent:
            for machine in self._honest:
                machine.clock_offset_ms = random.randint(-CLOCK_OFFSET_MS, CLOCK_OFFSET_MS)

    @property
    def _is_healed(self) -> bool:
        return self._clock.now_ms >= self._plan.heal_ms

    def _trouble(self) -> None:
        if self._is_healed:
            return
        self._clock.at(EVERY_MS, self._trouble)
        for machine in self._honest:
            if self._happens(Fault.CRASH) and machine.life is not None:
                machine.moments_left = self._random.randint(1, MOMENTS)
            if self._happens(Fault.DISK):
                machine.disk.is_full = not machine.disk.is_full
                self._trace.note(machine.name, f"disk {'full' if machine.disk.is_full else 'free'}")
            if machine.number in self._plan.wrong_clocks and self._happens(Fault.CLOCK):
                machine.clock_offset_ms += self._random.choice((-HOUR_MS, HOUR_MS, -30_000, 7_000))
                self._trace.note(machine.name, f"clock {machine.clock_offset_ms}")

    def _happens(self, fault: Fault) -> bool:
        percent = self._plan.percent.get(fault, 0)
        return percent > 0 and self._random.randrange(100) < percent

    def stopped(self, machine: Machine, error: BaseException) -> None:
        """A node has ended: perhaps the machine went down with it; it comes back."""
        if isinstance(error, Died) and self._happens(Fault.POWER):
            self._trace.note(machine.name, "power")
            machine.disk.lose_power()
        self._clock.at(self._random.randint(20, 1_500), lambda: self._start(machine))

    def _start(self, machine: Machine) -> None:
        if machine.life is None and not machine.is_gone:
            self._trace.note(machine.name, "start")
            machine.start()

    def heal(self) -> None:
        """Disks are free, clocks right but one, everybody is up who is not to stay away."""
        for machine in self._honest:
            machine.disk.is_full = False
            machine.moments_left = 0
            if machine.number in self._plan.dead:
                machine.is_gone = True
                machine.stop()
            elif machine.number not in self._plan.wrong_clocks:
                machine.clock_offset_ms = 0
        for machine in self._machines:
            self._start(machine)
