"""The simulation finds bugs: each of these is put in alone and found within 1,000 seeds, most within a few.

`FOUND_AFTER` says after how many seeds it was when this was written. Here each search begins a little before that seed, so that the
test stays short; `python -m tests.simulation.test_bugs` searches from seed 0 and prints the table again.
"""

from __future__ import annotations

import sys

import pytest

from gridnode.simulation.plan import Wish
from gridnode.simulation.run import simulate
from tests.simulation.bugs import BUGS

LIMIT = 1_000
FOUND_AFTER: dict[str, int] = {
    "no_lock": 9,
    "unlock_too_early": 9,
    "old_polka_unseen": 40,
    "no_valid_value": 9,
    "two_f_votes": 1,
    "counted_twice": 2,
    "skip_on_one_message": 47,
    "precommit_on_any_polka": 1,
    "log_forgotten": 2,
    "log_not_synced": 20,
    "replay_left_out": 14,
    "signed_before_recorded": 1,
    "guard_not_durable": 1,
    "guard_forgets": 2,
    "never_executed": 2,
    "sync_without_quorum": 5,
    "anybody_proposes": 16,
    "never_gives_up": 8,
    "never_skips": 1,
    "any_time": 2,
    "says_it_once": 2,
}
"""Seeds from 0 on until the bug was found."""
LEAD = 2
"""So many seeds before it the search begins."""


def found(name: str, first: int, limit: int) -> tuple[int, str] | None:
    """The first seed from `first` on that shows the bug, and what it shows; None when none up to `limit` does."""
    for seed in range(first, limit):
        with BUGS[name]():
            result = simulate(Wish(seed))
        if result.violation is not None:
            return seed, str(result.violation)
    return None


@pytest.mark.parametrize("name", BUGS)
def test_each_bug_is_found(name: str) -> None:
    """And without the bug the seed that found it is in order."""
    hit = found(name, max(0, FOUND_AFTER[name] - LEAD), LIMIT)
    assert hit is not None
    healthy = simulate(Wish(hit[0]))
    assert healthy.violation is None, f"{healthy.violation}: {healthy.plan.wish.command}"


def test_there_are_enough_bugs() -> None:
    """At least twelve, each known by name and number of seeds."""
    assert len(BUGS) >= 12
    assert sorted(FOUND_AFTER) == sorted(BUGS)
    assert max(FOUND_AFTER.values()) <= LIMIT


if __name__ == "__main__":
    for each in BUGS:
        seed = found(each, 0, LIMIT)
        sys.stdout.write(f'    "{each}": {seed[0] + 1},  # {seed[1]}\n' if seed else f"    {each}: not found\n")
        sys.stdout.flush()
