"""Which lines of Algorithm 1 a simulation has come past: each rule of the machine's table that changed something, counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gridnode.consensus import driver
from gridnode.consensus.facts import Elapsed, Fact
from gridnode.consensus.machine import RULES, Change, State


@contextmanager
def counted_rules(counts: dict[int, int]) -> Iterator[None]:
    """While this lasts, `counts` of a line of the paper goes up whenever its rule changes a machine's state or makes it say something."""
    module: Any = driver
    original = module.apply

    def apply(state: State, fact: Fact) -> Change:
        after, outputs = original(state, fact)
        if outputs or after is not state:
            line = RULES[fact.kind if isinstance(fact, Elapsed) else type(fact)].line
            counts[line] = counts.get(line, 0) + 1
        return after, outputs

    module.apply = apply
    try:
        yield
    finally:
        module.apply = original
