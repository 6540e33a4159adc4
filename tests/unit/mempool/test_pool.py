"""The pool: each id once, bounds, fairness between senders, expiry."""

from __future__ import annotations

import pytest

from gridnode.chain.receipt import ChainCode
from gridnode.chain.transaction import VerifiedTransaction, decode_transaction
from gridnode.client.wallet import Wallet
from gridnode.codec.records import decode
from gridnode.crypto.keys import key_pair
from gridnode.mempool.outbox import Outbox, TransactionBatch
from gridnode.mempool.pool import Pool
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_GOSSIP_BYTES
from gridnode.primitives.units import Amount

NOW_MS = 1_700_000_000_000
WALLETS = [Wallet(key_pair(bytes([number]) * 32), "chain") for number in range(1, 4)]


def transaction(sender: int, validity_ms: int = 60_000, messages: int = 1) -> VerifiedTransaction:
    """A signed transfer of one of three senders."""
    transfer = Transfer(Address(b"r" * 20), Denomination.THB, Amount(5))
    raw = WALLETS[sender].sign([transfer] * messages, NOW_MS, validity_ms)
    return VerifiedTransaction(decode_transaction(raw))


def refusal(pool: Pool, newcomer: VerifiedTransaction) -> str:
    """Code with which the pool refuses; it must have changed nothing."""
    before = (len(pool), pool.bytes)
    with pytest.raises(Rejected) as refused:
        pool.add(newcomer)
    assert (len(pool), pool.bytes) == before
    return refused.value.code.name


def test_each_id_once() -> None:
    pool, one = Pool(), transaction(0)
    pool.add(one)
    assert refusal(pool, one) == ChainCode.DUPLICATE.name
    assert pool.get(one.id) is one
    assert one.id in pool


def test_bounds_in_count_bytes_and_sender() -> None:
    full = Pool(max_transactions=1)
    full.add(transaction(0))
    assert refusal(full, transaction(1)) == "POOL_FULL"
    one = transaction(0)
    tight = Pool(max_bytes=len(one.raw))
    tight.add(one)
    assert refusal(tight, transaction(1)) == "POOL_FULL"
    fair = Pool(max_per_sender=1)
    fair.add(transaction(0))
    assert refusal(fair, transaction(0)) == "SENDER_LIMIT"
    fair.add(transaction(1))


def test_senders_take_turns_and_keep_their_order() -> None:
    pool = Pool()
    many = [transaction(0) for _ in range(4)]
    few = [transaction(1), transaction(2)]
    for item in [*many, *few]:
        pool.add(item)
    assert pool.candidates(10, 1 << 20) == [many[0], few[0], few[1], *many[1:]]
    assert len(pool) == 6


def test_candidates_respect_count_and_bytes() -> None:
    pool = Pool()
    items = [transaction(0) for _ in range(5)]
    for item in items:
        pool.add(item)
    assert pool.candidates(2, 1 << 20) == items[:2]
    assert pool.candidates(10, sum(len(item.raw) for item in items[:3])) == items[:3]


def test_removed_ones_are_gone_wherever_they_stood() -> None:
    pool = Pool(max_per_sender=5)
    items = [transaction(0) for _ in range(5)]
    for item in items:
        pool.add(item)
    pool.remove([items[2].id, items[4].id, b"unknown"])
    assert pool.candidates(10, 1 << 20) == [items[0], items[1], items[3]]
    pool.remove([items[0].id, items[1].id, items[3].id])
    assert (len(pool), pool.bytes) == (0, 0)
    again = transaction(0)
    pool.add(again)
    assert pool.candidates(10, 1 << 20) == [again]


def test_what_expires_leaves_and_makes_room() -> None:
    pool = Pool(max_per_sender=2)
    short, long = transaction(0, 1_000), transaction(0, 50_000)
    pool.add(short)
    pool.add(long)
    assert pool.expire(NOW_MS + 999) == []
    assert pool.expire(NOW_MS + 1_000) == [short.id]
    pool.add(transaction(0))
    assert long.id in pool


def test_outbox_packs_in_order_and_within_its_bounds() -> None:
    outbox = Outbox()
    raws = [transaction(0, messages=100).raw for _ in range(40)]
    for raw in raws:
        outbox.add(raw)
    batches = [decode(TransactionBatch, message).transactions for message in outbox.flush()]
    assert [raw for batch in batches for raw in batch] == raws
    assert all(sum(map(len, batch)) <= MAX_GOSSIP_BYTES for batch in batches)
    assert len(batches) > 1
    assert outbox.flush() == []


def test_a_full_outbox_takes_no_more() -> None:
    raw = transaction(0).raw
    outbox = Outbox(max_bytes=2 * len(raw))
    for _ in range(3):
        outbox.add(raw)
    assert len(outbox) == 2
