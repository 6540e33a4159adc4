"""Many seeds, on several cores: each worker takes the next seed, and what failed comes back with the command that does it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from typing import Final

from gridnode.simulation.plan import Fault, Lie, Wish
from gridnode.simulation.run import Result, simulate

_CHUNK: Final = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one seed, in a few numbers."""

    wish: Wish
    """What was asked for."""
    broken: str
    """The promise that was broken, and how; empty when none was."""
    blocks: int
    """Blocks that honest nodes stored."""
    height: int
    """How far the chain came."""
    has_forked: bool
    """Whether two blocks of one height were final."""
    rules: dict[int, int]
    """How often each line of Algorithm 1 changed something."""
    faults: tuple[Fault, ...]
    """Which faults there were."""
    lies: tuple[Lie, ...]
    """Which lies there were."""
    accused: int
    """How often an honest node told evidence of an equivocation."""
    jailed: int
    """How often somebody was jailed."""
    trace_hash: str
    """Of its trace."""


@dataclass(slots=True)
class Report:
    """What came of many seeds."""

    seeds: int = 0
    """How many were run."""
    blocks: int = 0
    """Blocks that honest nodes stored."""
    heights: int = 0
    """Heights that were decided."""
    forks: int = 0
    """Seeds with a fork, where too many lied."""
    rules: dict[int, int] = field(default_factory=dict)
    """How often each line of Algorithm 1 changed something."""
    drawn: dict[str, int] = field(default_factory=dict)
    """In how many seeds each fault and each lie was."""
    accused: int = 0
    """How often an honest node told evidence of an equivocation."""
    jailed: int = 0
    """How often somebody was jailed."""
    failed: list[Outcome] = field(default_factory=list)
    """What was violated."""

    def add(self, outcome: Outcome) -> None:
        """Count a seed in."""
        self.seeds += 1
        self.blocks += outcome.blocks
        self.heights += outcome.height
        self.forks += outcome.has_forked
        for line, count in outcome.rules.items():
            self.rules[line] = self.rules.get(line, 0) + count
        for drawn in (*outcome.faults, *outcome.lies):
            self.drawn[drawn.value] = self.drawn.get(drawn.value, 0) + 1
        self.accused += outcome.accused
        self.jailed += outcome.jailed
        if outcome.broken:
            self.failed.append(outcome)


def outcome_of(wish: Wish) -> Outcome:
    """Carry out a wish and keep what counts."""
    result: Result = simulate(wish)
    lies = {lie: None for told in result.plan.liars.values() for lie in told}
    return Outcome(
        wish,
        "" if result.violation is None else str(result.violation),
        result.blocks,
        max(result.heights, default=0),
        result.has_forked,
        result.rules,
        tuple(result.plan.percent),
        tuple(lies),
        result.accused,
        result.jailed,
        result.trace_hash,
    )


def campaign(wish: Wish, seeds: Iterable[int], jobs: int, on_outcome: Callable[[Outcome], None]) -> Report:
    """Carry out a wish with each of the seeds, by `jobs` processes; outcomes come in the order of the seeds.

    Ends with the first seed that broke a promise: the rest may say the same, and can be asked for from the next seed on.
    """
    report = Report()
    for outcome in _outcomes((replace(wish, seed=seed) for seed in seeds), jobs):
        report.add(outcome)
        on_outcome(outcome)
        if outcome.broken:
            break
    return report


def _outcomes(wishes: Iterable[Wish], jobs: int) -> Iterator[Outcome]:
    if jobs == 1:
        yield from map(outcome_of, wishes)
        return
    with get_context("fork").Pool(jobs) as workers:
        yield from workers.imap(outcome_of, wishes, chunksize=_CHUNK)

