"""Machines that need longer for a block than others wait for a proposal: the chain has their speed, and loses no rounds (decision 0022)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gridnode.chain.block import Block, header_hash
from gridnode.chain.transaction import VerifiedTransaction
from gridnode.execution.executed import Executed
from gridnode.primitives.ids import Hash
from gridnode.simulation.machine import Machine
from gridnode.simulation.plan import Plan, Wish
from gridnode.simulation.run import Simulation, shared_world

RUN_MS = 30_000
SLOW_MS = 2_500
"""Two and a half propose timeouts of round 0, and longer than that of round 2."""
FAST_MS = 400
"""What a height takes besides, at most: the least interval, and the ways of its messages."""


def slow_down(machine: Machine) -> None:
    """It takes SLOW_MS over each block of others, once."""
    assert machine.node is not None
    store, known = machine.node.store, dict[Hash, None]()
    at_once, built = store.execute, store.build

    async def build(*arguments: Any) -> Executed:
        executed = await built(*arguments)
        known[executed.block_hash] = None
        return executed

    async def execute(block: Block, transactions: Sequence[VerifiedTransaction]) -> Executed:
        block_hash = header_hash(block.header)
        if block_hash not in known:
            known[block_hash] = None
            await machine.clock.sleep(SLOW_MS)
        return await at_once(block, transactions)

    store.build = build  # type: ignore[method-assign]
    store.execute = execute  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("validators", "slow"), [(4, (0, 1, 2, 3)), (4, (1, 2)), (7, (0, 2, 4, 6))], ids=["all", "two of four", "four of seven"]
)
def test_the_chain_has_the_speed_of_the_slow(validators: int, slow: tuple[int, ...]) -> None:
    """There is no quorum without them, so a height takes as long as they take, and is decided in the round in which it began."""
    assert heights(validators, slow) >= RUN_MS // (SLOW_MS + FAST_MS)


def test_a_quorum_does_not_wait_for_one_that_is_slow() -> None:
    """It costs them its turns, as one that is dead does."""
    assert heights(4, (0,)) >= 5 * RUN_MS // SLOW_MS


def heights(validators: int, slow: tuple[int, ...]) -> int:
    """How many pass in RUN_MS."""
    with shared_world():
        simulation = Simulation(Plan(Wish(1, validators), (1,) * validators, {}))
        for number in slow:
            slow_down(simulation.machines[number])
        simulation.clock.run(RUN_MS, simulation.checkers.is_over)
        simulation.checkers.look()
        return simulation.checkers.best
