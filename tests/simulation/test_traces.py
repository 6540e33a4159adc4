"""The same seed gives the same trace, byte for byte: twice in one process, in another process, and as it was frozen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gridnode.simulation.plan import Fault, Wish, parse_faults
from gridnode.simulation.run import simulate

FROZEN = Path(__file__).with_name("traces.txt")
"""Seed and trace hash, a line each. A change of a record, a rule or an order of consensus changes them: then write them again with
`python -m tests.simulation.test_traces`, and say why."""
SEEDS = (1, 2, 3, 4, 5, 6)


def frozen() -> dict[int, str]:
    """Hashes by seed."""
    rows = (line.split() for line in FROZEN.read_text().splitlines())
    return {int(seed): digest for seed, digest in rows}


@pytest.mark.parametrize("seed", SEEDS)
def test_traces_are_as_they_were(seed: int) -> None:
    assert simulate(Wish(seed)).trace_hash == frozen()[seed]


def test_once_more_and_in_another_process() -> None:
    """Other hash seeds, other addresses of objects, another history before it."""
    simulate(Wish(11))
    here = simulate(Wish(7), keep_trace=True)
    again = simulate(Wish(7), keep_trace=True)
    assert here.trace == again.trace
    assert len(here.trace) > 50
    done = subprocess.run(
        [sys.executable, "-m", "gridnode", "simulate", "--seed", "7"],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONHASHSEED": "12345"},
    )
    assert f"trace {here.trace_hash}" in done.stdout


def test_another_seed_another_trace() -> None:
    assert simulate(Wish(8)).trace_hash != simulate(Wish(9)).trace_hash


def test_a_good_world_decides_every_height_in_round_0() -> None:
    """Without faults and liars the first proposal is the block."""
    result = simulate(Wish(5, faults=(), heights=30))
    assert result.violation is None
    assert min(result.heights) >= 30
    assert not {28, 44, 57, 61, 65} & set(result.rules)


def test_the_command_does_it_again() -> None:
    """What a failing seed prints is the whole wish."""
    wish = Wish(3, 7, (Fault.LOSS, Fault.CRASH), 9, 1)
    assert wish.command == "gridnode simulate --seed 3 --validators 7 --faults loss,crash --heights 9 --byzantine 1"
    assert parse_faults("crash, loss") == (Fault.LOSS, Fault.CRASH)


if __name__ == "__main__":
    FROZEN.write_text("".join(f"{seed} {simulate(Wish(seed)).trace_hash}\n" for seed in SEEDS))
