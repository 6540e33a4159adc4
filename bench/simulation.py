"""How many heights a second the simulation decides on one core: four validators in a good world, and seeds with all faults.

    python bench/simulation.py [--heights N] [--seeds N]

Prints JSON. Time is CPU time of this process, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import json
from time import process_time

from gridnode.simulation.plan import ALL, Wish
from gridnode.simulation.run import simulate


def good_world(heights: int) -> dict[str, float]:
    """Four validators without faults: real blocks with transfers, each executed by every node and once more by the checkers."""
    simulate(Wish(1, faults=(), heights=3))
    begun = process_time()
    result = simulate(Wish(1, faults=(), heights=heights))
    seconds = process_time() - begun
    assert result.violation is None, result.violation
    return {"heights": max(result.heights), "seconds": round(seconds, 3), "heights_per_s": round(max(result.heights) / seconds, 1)}


def bad_world(seeds: int) -> dict[str, float]:
    """Seeds with all faults and up to f liars."""
    begun = process_time()
    heights = 0
    for seed in range(seeds):
        result = simulate(Wish(seed, faults=ALL))
        assert result.violation is None, f"{result.violation}: {result.plan.wish.command}"
        heights += max(result.heights)
    seconds = process_time() - begun
    return {"seeds": seeds, "seconds": round(seconds, 3), "ms_per_seed": round(1000 * seconds / seeds, 1), "heights": heights}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heights", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=50)
    chosen = parser.parse_args()
    print(json.dumps({"good_world": good_world(chosen.heights), "bad_world": bad_world(chosen.seeds)}, indent=2))


if __name__ == "__main__":
    main()
