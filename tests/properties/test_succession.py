"""One name, three operators in turn, evidence against any of their keys: each keeps what it had, less what its own keys cost it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import Denomination
from gridnode.modules.validators import queries
from gridnode.modules.validators.events import Convicted
from gridnode.modules.validators.messages import Bond, Revoke, Unbond
from gridnode.modules.validators.seats import terms_of
from tests.chain_in_memory import GRID, account
from tests.validators_world import RICH, ValidatorsWorld, address, double_vote, licence, node_key

NAME = "solar"
START = 1_000_000 * GRID
TENURE = st.tuples(st.sampled_from(RICH), st.integers(100, 900), st.lists(st.integers(1, 99), max_size=2))
"""Who gets the name, how much it bonds in whole GRID, how much of that leaves again before the name goes on."""
BLOCK = st.tuples(st.lists(TENURE, max_size=3), st.integers(0, 5), st.sampled_from([1, 1_000, 60_000]))
"""Tenures that begin in the block (each ends the one before), which key is accused in the next one, time between both."""


@given(st.lists(BLOCK, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_money_and_blame_stay_with_their_operator(blocks: list[Any]) -> None:
    """Also when all of it happens in one block, at one time, under one name."""
    world = ValidatorsWorld()
    keys: list[tuple[str, str]] = []  # of each tenure: name of its key, operator
    cost = dict.fromkeys(RICH, 0)
    for tenures, accused, after_ms in blocks:
        calls: list[tuple[str, Any]] = []
        for operator, amount, leaving in tenures:
            if keys:
                calls.append(("erc", Revoke(NAME)))
            keys.append((f"{NAME}-{len(keys)}", operator))
            world.know(keys[-1][0])
            calls += [("erc", licence(NAME, operator, key=keys[-1][0])), (operator, Bond(NAME, amount * GRID))]
            calls += [(operator, Unbond(NAME, part * GRID)) for part in leaving]
        world.next(*calls)
        world.next()
        guilty = keys[-1 - accused] if accused < len(keys) else None
        heights = [] if guilty is None else [first for first, _ in terms_of(world.reader, address(guilty[0]))]
        world.next(evidence=[double_vote(guilty[0], height) for height in heights if guilty], after_ms=after_ms)
        for event in world.seen(Convicted):
            assert guilty is not None
            assert (event.key, event.operator) == (node_key(guilty[0]), account(guilty[1]))
            cost[guilty[1]] += event.slashed
    if keys:
        world.next(("erc", Revoke(NAME)))
    world.next(after_ms=90_000)
    assert queries.total_stake(world.reader) == 0
    for operator in RICH:
        assert balance(world.reader, account(operator), Denomination.GRID) == START - cost[operator]
