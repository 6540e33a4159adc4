"""Replay protection remembers an id exactly as long as it could be replayed, also across a restart."""

from gridnode.execution.recent import RecentIds, recent_ids_from
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.limits import MAX_VALIDITY_MS
from tests.chain_in_memory import MemoryChain, account

PAY = Transfer(account("bob"), Denomination.THB, 1)


def test_ids_leave_when_the_last_of_their_block_has_expired() -> None:
    recent = RecentIds()
    recent.add_block(0, [(b"a", 10), (b"b", 30)])
    recent.add_block(5, [(b"c", 20)])
    recent.add_block(29, [])
    assert (b"a" in recent, b"b" in recent, b"c" in recent) == (True, True, True)
    recent.add_block(30, [])
    assert len(recent) == 0


def test_set_from_blocks_is_the_one_that_grew() -> None:
    chain = MemoryChain()
    transactions = []
    for wait_ms in (1_000, 200_000, 150_000, 140_000, 90_000, 70_000):
        transaction = chain.transaction("alice", PAY, valid_ms=MAX_VALIDITY_MS)
        chain.block(transaction, after_ms=wait_ms)
        transactions.append(transaction)
    rebuilt = recent_ids_from(reversed(chain.blocks))
    tip_ms = chain.ledger.tip.time_ms
    for transaction in transactions:
        if transaction.body.valid_until_ms > tip_ms:
            assert transaction.id in rebuilt
    assert transactions[0].id not in rebuilt
    assert 0 < len(rebuilt) < len(transactions)


def test_no_blocks_no_ids() -> None:
    assert len(recent_ids_from([])) == 0
