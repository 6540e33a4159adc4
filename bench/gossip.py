"""What repeating, summaries and answers cost and bring: messages, bytes and virtual time of a height when messages are lost.

    python bench/gossip.py [--seeds N] [--seconds S] [--validators V]

For each share of lost messages, `seeds` simulations of `seconds` of virtual time without any other fault or liar, a transfer every 100 ms.
Prints JSON: the mean virtual time until all nodes have a height, the longest, messages a height by kind, bytes a height,
and how many heights a second of processor time were simulated. The same seeds give the same figures, but for the last.

Lost are requests and their answers too, which waits for timeouts of seconds; with much loss that is most of a height's time.
"""

from __future__ import annotations

import argparse
import json
from time import process_time
from typing import Any, Final

from gridnode.node.wire import message_name
from gridnode.simulation.plan import Fault, Plan, Wish
from gridnode.simulation.run import Simulation, shared_world

LOSSES: Final = (0, 10, 30)
STEP_MS: Final = 50
"""How exactly the longest height is measured."""


class Counter:
    """Counts messages and bytes by kind."""

    def __init__(self) -> None:
        self.messages: dict[str, int] = {}
        self.bytes = 0

    def count(self, payload: bytes) -> None:
        """A message is put on a link."""
        name = message_name(payload)
        self.messages[name] = self.messages.get(name, 0) + 1
        self.bytes += len(payload)


def measure(loss: int, seeds: int, seconds: int, validators: int) -> dict[str, Any]:
    """One share of lost messages."""
    heights, longest_ms = 0, 0
    begun = process_time()
    counter = Counter()
    with shared_world():
        for seed in range(seeds):
            percent = {Fault.LOSS: loss} if loss else {}
            until_ms = 1_000 * seconds
            plan = Plan(Wish(seed, validators), (1,) * validators, {}, heal_ms=until_ms, percent=percent)
            simulation = Simulation(plan)
            simulation.links.on_send = counter.count
            best, since_ms = 0, 0
            for now_ms in range(STEP_MS, until_ms + 1, STEP_MS):
                simulation.clock.run(now_ms, simulation.checkers.is_over)
                simulation.checkers.look()
                there = min(simulation.checkers.heights.get(number, 0) for number in range(validators))
                if there > best:
                    longest_ms = max(longest_ms, now_ms - since_ms)
                    best, since_ms = there, now_ms
            heights += best
    taken = process_time() - begun
    if not heights:
        raise SystemExit(f"nobody decided anything in {seconds} s at {loss} % loss: choose more seeds or seconds")
    return {
        "loss_percent": loss,
        "heights": heights,
        "ms_per_height": round(1_000 * seconds * seeds / heights),
        "longest_ms": longest_ms,
        "messages_per_height": {name: round(count / heights, 2) for name, count in sorted(counter.messages.items())},
        "all_messages_per_height": round(sum(counter.messages.values()) / heights, 1),
        "bytes_per_height": round(counter.bytes / heights),
        "heights_per_s": round(heights / taken, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--validators", type=int, default=4)
    chosen = parser.parse_args()
    rows = [measure(loss, chosen.seeds, chosen.seconds, chosen.validators) for loss in LOSSES]
    print(json.dumps({"validators": chosen.validators, "seconds": chosen.seconds, "seeds": chosen.seeds, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
