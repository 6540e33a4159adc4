"""One small day, frozen: the same blocks give the same receipts and roots, in every process and after every restart."""

import os
import subprocess
import sys

import pytest

from gridnode.chain.transaction import VerifiedTransaction, decode_transaction
from gridnode.execution.registry import MODULES
from gridnode.modules.token.queries import balances_of, supplies
from gridnode.modules.token.tables import Denomination
from tests.architecture.tree import ROOT
from tests.chain_in_memory import ACTORS, THB, MemoryChain, account
from tests.scenarios.execution.small_day import FROZEN, run, transcript


def test_transcript_is_the_frozen_one() -> None:
    assert transcript() == FROZEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_other_processes_come_to_the_same(seed: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.scenarios.execution.small_day"],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == FROZEN.read_text(encoding="utf-8")


def test_node_that_restarts_after_every_block_comes_to_the_same() -> None:
    first, second = MemoryChain(), MemoryChain()
    run(first)
    for block in first.blocks:
        transactions = [VerifiedTransaction(decode_transaction(raw)) for raw in block.transactions]
        second.ledger = second.reopened()
        second.commit(second.ledger.execute(block, transactions))
    assert second.ledger.tip == first.ledger.tip
    for module in MODULES:
        module.check_whole(second.reader)


def test_money_of_the_day_is_conserved() -> None:
    chain = MemoryChain()
    run(chain)
    # Issued by the bank in the day: 7 minted, 3 burned.
    assert supplies(chain.reader)[Denomination.THB] == len(ACTORS) * 1_000 * THB + 4
    names = [balances_of(chain.reader, account(name))[Denomination.THB] for name in ACTORS]
    assert sum(names) == supplies(chain.reader)[Denomination.THB]
