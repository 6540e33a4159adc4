"""A proposer takes what it can execute in time, one transaction at least, and what it leaves waits for the next block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trio

from gridnode.mempool.pool import Pool
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.node.build_time import BUILD_SHARE, fitting
from gridnode.node.open_store import open_store
from tests.chain_in_memory import START_MS, MemoryChain, account, genesis

PARAMS = genesis().params
BUDGET_MS = PARAMS.propose_timeout_ms // BUILD_SHARE


def each_takes(step_ms: int) -> Callable[[], int]:
    """A clock that is so much later at each look."""
    ticks = count(1_000_000, step_ms)
    return lambda: next(ticks)


@pytest.mark.parametrize(
    ("step_ms", "taken"), [(0, 10), (1, 10), (BUDGET_MS // 4, 4), (BUDGET_MS // 2, 2), (BUDGET_MS, 1), (10 * BUDGET_MS, 1)]
)
def test_as_many_as_fit(step_ms: int, taken: int) -> None:
    """In order, each after the one before was executed; a machine that is too slow for one still takes one."""
    waiting: Any = range(10)
    params = replace(PARAMS, propose_timeout_ms=BUDGET_MS // 4 * 4 * BUILD_SHARE)
    assert list(fitting(waiting, params, each_takes(step_ms))) == list(range(taken))


def test_nothing_waits() -> None:
    assert list(fitting([], PARAMS, each_takes(10 * BUDGET_MS))) == []


def test_what_is_left_stands_in_the_next_block(tmp_path: Path) -> None:
    """A slow machine makes small blocks of valid transactions and loses none."""
    made = MemoryChain()
    pool = Pool()
    for number in range(3):
        pay = Transfer(account("bob"), Denomination.THB, 1 + number)
        pool.add(made.transaction("alice", pay))
    store = open_store(tmp_path / "db", genesis())
    try:

        async def build() -> int:
            executed = await store.build(pool, START_MS + 1_000, account("mea-node"), (), each_takes(10 * BUDGET_MS))
            return len(executed.transactions)

        assert trio.run(build) == 1
        assert len(pool) == 3, "they leave the pool when a block with them is final"
    finally:
        store.close()
