"""One simulation: a plan carried out. Bad weather until the world heals, then everything good, and progress is asked for."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Final

from gridnode.crypto.address import address_of
from gridnode.primitives.ids import Address
from gridnode.simulation.ambush import Ambusher
from gridnode.simulation.byzantine import Liar
from gridnode.simulation.changes import NAME as SPARE
from gridnode.simulation.changes import OPERATOR, Changes, Spare, spare_keys
from gridnode.simulation.chaos import Chaos
from gridnode.simulation.checkers import Checkers
from gridnode.simulation.clients import Clients
from gridnode.simulation.coverage import counted_rules
from gridnode.simulation.jail import Operators
from gridnode.simulation.kernel import Clock
from gridnode.simulation.links import Links
from gridnode.simulation.machine import Machine
from gridnode.simulation.plan import Fault, Lie, Plan, Wish, plan_of
from gridnode.simulation.setting import chain_of, operator_of, validator_keys
from gridnode.simulation.sharing import shared_work
from gridnode.simulation.trace import Trace, nodes_log_nothing
from gridnode.simulation.violation import Violation
from gridnode.simulation.workload import Workload

PATIENCE_MS: Final = 150_000
"""After the world has healed, two more blocks come within this virtual time: f + 1 rounds of the longest timeouts, and some."""
SPLIT_MS: Final = 10_000
"""Where too many lie no progress is asked for; so long they may go on to bring about a fork."""
EMPTY_MS: Final = 2_500
"""So long a block may take when there is nothing to put into it: the heartbeat, and its round."""
TRANSFER_EVERY_MS: Final = 100


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a seed."""

    plan: Plan
    """What was to happen."""
    violation: Violation | None
    """What was promised and did not hold; None when all did."""
    heights: tuple[int, ...]
    """How far each honest node came."""
    blocks: int
    """Blocks that honest nodes stored, all together."""
    rules: dict[int, int]
    """How often each line of Algorithm 1 changed something."""
    accused: int
    """How often an honest node told evidence of an equivocation."""
    jailed: int
    """How often somebody was jailed."""
    has_forked: bool
    """Whether two blocks of one height were final: only where too many lie."""
    trace_hash: str
    """SHA-256 of the trace."""
    trace: list[str]
    """Its lines, when they were kept."""
    now_ms: int
    """Virtual time at the end."""


class Simulation:
    """A network of machines and all that happens to it."""

    def __init__(self, plan: Plan, keep_trace: bool = False) -> None:
        self.plan = plan
        self.clock = Clock()
        self.trace = Trace(self.clock, keep_trace)
        wish = plan.wish
        self.random = Random(f"run {wish.seed}")
        self.rules: dict[int, int] = {}
        self.chain = chain_of(plan.powers, plan.misses_to_jail)
        self.links = Links(self.clock, Random(f"links {wish.seed}"), plan)
        self.checkers = Checkers(plan, self.chain.genesis, self.trace)
        self.machines = self._machines()
        self.checkers.machines = self.machines
        self.chaos = Chaos(self.clock, Random(f"chaos {wish.seed}"), plan, self.machines, self.trace)
        self.checkers.on_stop = self.chaos.stopped
        self._change_the_set()
        if plan.misses_to_jail:
            self._open_the_jail()
        self.honest = [machine for machine in self.machines if machine.is_honest]
        for machine in self.machines:
            machine.start()
        self.workload = Workload(self._clients("clients"), TRANSFER_EVERY_MS)

    def _clients(self, whose: str) -> Clients:
        """Clients of one kind, with draws of their own."""
        draws = Random(f"{whose} {self.plan.wish.seed}")
        return Clients(self.clock, draws, self.chain.genesis.chain_id, self.checkers.chain_time_ms, self.machines)

    @property
    def _set_changes(self) -> bool:
        """Whether licences, bonds and keys change in this run: half of those in a bad world, where few enough lie."""
        wish = self.plan.wish
        return bool(wish.faults) and self.plan.is_safe and not Random(f"changes {wish.seed}").randrange(2)

    def _change_the_set(self) -> None:
        if not self._set_changes:
            return
        plan = self.plan
        impaired = (*plan.liars, *plan.dead, *plan.wrong_clocks)
        weights = {f"V{number}": power for number, power in enumerate(plan.powers) if number not in impaired}
        Changes(self._clients("changes of"), weights)

    def _open_the_jail(self) -> None:
        operators = {f"V{number}": operator_of(number) for number in range(len(self.plan.powers))} | {SPARE: OPERATOR}
        Operators(self._clients("jail of"), self.checkers.prison, operators)

    def _machines(self) -> list[Machine]:
        plan, seed = self.plan, self.plan.wish.seed
        keys = [validator_keys(number) for number in range(len(plan.powers))]
        names = [(number, f"V{number}") for number in range(len(plan.powers))]
        names += [(number, f"V{number}'") for number, lies in plan.liars.items() if Lie.TWINS in lies]
        machines: list[Machine] = []
        peer_of: dict[Address, bytes] = {}
        for place, (number, name) in enumerate(names):
            parts = (
                place, name, keys[number], self.chain, self.clock, self.links, peer_of, self.checkers,
                Random(f"machine {seed} {place}"), plan.percent.get(Fault.SLOW, 0),
            )  # fmt: skip
            lies = plan.liars.get(number)
            machine = Machine(*parts) if lies is None else (Ambusher if Lie.AMBUSH in lies else Liar)(*parts, lies=lies)
            machine.side = int(place >= len(plan.powers)) if lies else place % 2
            peer_of.setdefault(machine.address, machine.peer_key)
            machines.append(machine)
        if self._set_changes:
            self._add_spare(machines, peer_of)
        return machines

    def _add_spare(self, machines: list[Machine], peer_of: dict[Address, bytes]) -> None:
        """The machine that licences and bonds bring into the set, behind the others."""
        place, first = len(machines), spare_keys()[0]
        parts = (
            place, SPARE, first, self.chain, self.clock, self.links, peer_of, self.checkers,
            Random(f"machine {self.plan.wish.seed} {place}"), self.plan.percent.get(Fault.SLOW, 0),
        )  # fmt: skip
        machines.append(Spare(*parts))
        peer_of |= {address_of(one.public_key): machines[-1].peer_key for one in spare_keys()}

    def run(self) -> Result:
        """Carry the plan out, until all is well or a promise is broken."""
        violation: Violation | None = None
        with shared_world(), counted_rules(self.rules):
            try:
                self._run()
            except Violation as broken:
                violation = broken
                self.trace.note("-", f"violation: {broken}")
        return Result(
            self.plan,
            violation,
            tuple(self._height(machine) for machine in self.honest),
            self.checkers.stored,
            self.rules,
            self.checkers.accused,
            self.checkers.prison.times,
            self.checkers.has_forked(),
            self.trace.digest,
            self.trace.lines,
            self.clock.now_ms,
        )

    def _run(self) -> None:
        wish, checkers = self.plan.wish, self.checkers
        self.clock.run(self.plan.heal_ms, checkers.is_over)
        checkers.look()
        if checkers.has_forked():
            checkers.check_blame()
            return
        self.chaos.heal()
        best = checkers.best
        goal = max(best + 2, wish.heights)
        patience_ms = PATIENCE_MS + (goal - best) * EMPTY_MS if self.plan.is_safe else SPLIT_MS
        awaited = [machine for machine in self.honest if not machine.is_gone]
        judged = there = -1  # blocks stored when it was looked last whether all are there, and what came of it

        def is_over() -> bool:
            nonlocal judged, there
            if checkers.is_over():
                return True
            if judged != checkers.stored:
                judged, there = checkers.stored, all(self._height(machine) >= goal for machine in awaited)
            is_settled = not checkers.justice.at_large() and not checkers.prison.jailed
            return bool(there) and (is_settled or not self.plan.is_safe)

        self.clock.run(self.clock.now_ms + patience_ms, is_over)
        checkers.look()
        if checkers.has_forked():
            checkers.check_blame()
        elif self.plan.is_safe:
            checkers.check_progress(goal, {machine.name: self._height(machine) for machine in awaited})
            checkers.check_end(awaited)

    def _height(self, machine: Machine) -> int:
        return self.checkers.heights.get(machine.number, 0)


@contextmanager
def _collected_rarely() -> Iterator[None]:
    """The garbage collector's pace is that of a running node: a quarter of the time is saved."""
    pace = gc.get_threshold()
    gc.set_threshold(50_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*pace)


@contextmanager
def shared_world() -> Iterator[None]:
    """What every simulation runs in: nodes log nothing, and work that all nodes do alike is done once."""
    with nodes_log_nothing(), _collected_rarely(), shared_work():
        yield


def simulate(wish: Wish, keep_trace: bool = False) -> Result:
    """Carry out a wish."""
    return Simulation(plan_of(wish), keep_trace).run()
