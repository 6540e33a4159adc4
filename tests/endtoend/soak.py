"""A soak: a network under load for thousands of blocks, with a perturbation every so many seconds, drawn from a seed.

    scripts/soak [--blocks 2000] [--every 30] [--seed N] [--transfers 20] [--orders 5] [--dir FOLDER] [--report FILE.json]

The draw is a manifest like any other, kept with the run: the same seed perturbs the same nodes in the same way, due at the same seconds.
Four validators and an observer; one perturbation at a time, and the network has recovered before the next begins, nobody in jail. Most hit
one node, so the chain goes on; some hit half of the network or all of it, so it stops and must go on afterwards.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path
from typing import Any

from gridnode.primitives.errors import OperatorError
from tests.endtoend.manifest import (
    LoadEntry,
    Manifest,
    NodeEntry,
    Perturbation,
    manifest_text,
    parse_manifest,
)
from tests.endtoend.run import run_one, say

VALIDATORS = ("EGAT", "MEA", "PEA", "ERC")
OBSERVER = "WATCHER"
FIRST_S = 5.0
"""The first perturbation comes so long after the load has begun."""
SHARE_HELD = (0.1, 0.5)
"""A perturbation lasts for such a share of the time to the next one: the rest is for recovery, which is looked at, too."""
SLOW_BLOCK_S = 2.0
"""No block takes longer on average, perturbed as it is: bounds how many perturbations are drawn."""
DRAWS: tuple[tuple[str, int, str], ...] = (
    # what, weight, who: one validator, the observer, two validators, all nodes
    ("kill", 5, "one"),
    ("kill", 1, "observer"),
    ("kill", 1, "two"),
    ("kill", 1, "all"),
    ("pause", 3, "one"),
    ("pause", 1, "two"),
    ("restart", 3, "one"),
    ("restart", 1, "observer"),
    ("cut", 3, "one"),
    ("silence", 3, "one"),
    ("partition", 2, "two"),
    ("slow", 2, "one"),
    ("wipe", 2, "one"),
)


def draw(blocks: int, every_s: float, seed: int, transfers: int, orders: int) -> Manifest:
    """The manifest of a soak. Raises OperatorError when one of the numbers is out of bounds."""
    chance = random.Random(f"soak/{seed}")
    count = int(blocks * SLOW_BLOCK_S / every_s) + 1
    perturbations = []
    for number in range(count):
        [(kind, _, who)] = chance.choices(DRAWS, weights=[weight for _, weight, _ in DRAWS])
        held_s = round(every_s * chance.uniform(*SHARE_HELD), 1)
        values: dict[str, Any] = {"kind": kind, "second": FIRST_S + number * every_s, "duration_s": held_s}
        values["nodes"] = _chosen(chance, who)
        if kind == "silence":
            values["direction"] = chance.choice(("both", "in", "out"))
        if kind == "slow":
            values["delay_ms"] = chance.randrange(20, 300)
        perturbations.append(Perturbation(**values))
    manifest = Manifest(
        name=f"soak-{seed}",
        about=f"{blocks} blocks under load with a perturbation every {every_s} s.",
        seed=seed,
        blocks=blocks,
        patience_s=int(blocks * SLOW_BLOCK_S * 2) + 300,
        nodes=(*(NodeEntry(name=name) for name in VALIDATORS), NodeEntry(name=OBSERVER, kind="observer")),
        load=LoadEntry(transfers=transfers, orders=orders),
        perturbations=tuple(perturbations),
        in_turn=True,
    )
    return parse_manifest(manifest_text(manifest), "soak")  # with every bound checked


def _chosen(chance: random.Random, who: str) -> tuple[str, ...]:
    if who == "observer":
        return (OBSERVER,)
    if who == "all":
        return (*VALIDATORS, OBSERVER)
    return tuple(sorted(chance.sample(VALIDATORS, 2 if who == "two" else 1)))


def main() -> int:
    """Run what the command line names; returns an exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=2_000, help="height at which it ends")
    parser.add_argument("--every", type=float, default=30.0, help="seconds from one perturbation to the next, at least 2")
    parser.add_argument("--seed", type=int, default=1, help="draws the perturbations and the load")
    parser.add_argument("--transfers", type=int, default=20, help="transfers a second")
    parser.add_argument("--orders", type=int, default=5, help="order sheets a second")
    parser.add_argument("--dir", type=Path, help="folder that keeps what the run leaves; a temporary one by default")
    parser.add_argument("--report", type=Path, help="where the figures go")
    options = parser.parse_args()
    if not 2.0 <= options.every <= 3_600.0:
        parser.error(f"--every: expected 2 to 3600 seconds, got {options.every}")
    try:
        manifest = draw(options.blocks, options.every, options.seed, options.transfers, options.orders)
        return run_one(manifest, options.dir, options.report)
    except OperatorError as error:
        say(str(error))
        return 2


if __name__ == "__main__":
    sys.exit(main())
