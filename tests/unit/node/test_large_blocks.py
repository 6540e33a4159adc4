"""A block of 4 MiB on a node whose pool is empty: in parts, of several at once, whatever some of them do; on a virtual clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
import trio
from trio.testing import MockClock

from gridnode.chain.block import Block, CompactBlock, EnergySummary, Header, SourceEnergy, header_hash
from gridnode.chain.clearing import ClearingSummary, LineResult, ZoneResult
from gridnode.chain.commit import NO_COMMIT, Commit
from gridnode.chain.kinds import to_message
from gridnode.chain.receipt import ChainCode
from gridnode.chain.transaction import (
    Transaction,
    TransactionBody,
    VerifiedTransaction,
    decode_transaction,
    sign_transaction,
)
from gridnode.chain.vote import Proposal
from gridnode.codec.records import decode, encode
from gridnode.crypto.merkle import root
from gridnode.mempool.pool import Pool
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.node.candidates import Candidates, Complete
from gridnode.node.fetch import FETCH_TIMEOUT_MS
from gridnode.node.side_by_side import side_by_side
from gridnode.node.wire import to_wire
from gridnode.primitives.errors import Rejected
from gridnode.primitives.limits import (
    MAX_AUCTION_NUMBER,
    MAX_BLOCK_BYTES,
    MAX_BLOCK_TRANSACTIONS,
    MAX_CLEARINGS,
    MAX_FETCH_BYTES,
    MAX_FETCH_IDS,
    MAX_FRAME_BYTES,
    MAX_GRID_NODES,
    MAX_HEADER_BYTES,
    MAX_I64,
    MAX_LINES,
    MAX_NAME_CHARS,
    MAX_ROUND,
    MAX_SOURCES,
    MAX_U32,
    MAX_U64,
    MAX_VALIDATORS,
)
from gridnode.simulation.sharing import Checker
from gridnode.sync.messages import ProposedBlock, TransactionsAnswer, TransactionsRequest
from gridnode.sync.responder import answer_transactions
from tests.chain_in_memory import CHAIN, START_MS, MemoryChain, account, keys_of
from tests.unit.node.peers_in_memory import Answer, Peers, silent

HOLDERS = [bytes([number]) * 32 for number in range(1, 5)]
MESSAGES = 100


class Remembers:
    """Checks without threads (while one works, a virtual clock would jump), each transaction once in all tests of this file."""

    def __init__(self) -> None:
        self._checked: dict[bytes, VerifiedTransaction | None] = {}

    async def verified(self, transactions: Sequence[Transaction]) -> list[VerifiedTransaction | None]:
        """As the node's verifier."""
        new = [one for one in transactions if one.id not in self._checked]
        self._checked |= {one.id: checked for one, checked in zip(new, await Checker().verified(new), strict=True)}
        return [self._checked[one.id] for one in transactions]


CHECKER = Remembers()


@cache
def transactions() -> tuple[VerifiedTransaction, ...]:
    """As many as fit a block."""
    made, size, keys = [], 0, keys_of("alice")
    messages = tuple(to_message(Transfer(account("bob"), Denomination.THB, amount)) for amount in range(1, MESSAGES + 1))
    while True:
        body = TransactionBody(CHAIN, keys.public_key, START_MS + 60_000, len(made), messages)
        one = VerifiedTransaction(decode_transaction(sign_transaction(body, keys)))
        size += len(one.raw)
        if size > MAX_BLOCK_BYTES:
            return tuple(made)
        made.append(one)


class Large:
    """A block of 4 MiB as its holders have it, and a node that heard the proposal."""

    def __init__(self) -> None:
        self.transactions = transactions()
        ids = [one.id for one in self.transactions]
        header = replace(MemoryChain().build([]).block.header, transaction_count=len(ids), transactions_root=root(ids))
        self.block = Block(header, tuple(one.raw for one in self.transactions), NO_COMMIT)
        self.hash = header_hash(header)
        self.raws = {one.id: one.raw for one in self.transactions}
        self.peers, self.pool = Peers(), Pool()
        self.candidates = Candidates(self.pool, CHECKER, self.peers, side_by_side)
        self.candidates.proposed(self.hash, CompactBlock(header, tuple(self.raws), NO_COMMIT), header.proposer)
        self.parts: list[tuple[bytes, int]] = []
        self.took_ms = 0.0

    def helpful(self, peer: bytes) -> Answer:
        """Answers as a node does that has the block."""

        def answer(kind: int, payload: bytes) -> bytes:
            request = decode(TransactionsRequest, payload)
            found = answer_transactions(request, self.raws.get)
            self.parts.append((peer, sum(map(len, decode(TransactionsAnswer, found).transactions))))
            return found

        return answer

    def obtain(self, *answers: Answer | None, holders: Sequence[bytes] = HOLDERS) -> Complete | None:
        """What comes of it when the first holders answer so, the others well."""
        self.peers.answers = {peer: self.helpful(peer) for peer in HOLDERS}
        self.peers.answers |= {peer: answer for peer, answer in zip(HOLDERS, answers, strict=False) if answer is not None}

        async def ask() -> Complete | None:
            began = trio.current_time()
            found = await self.candidates.obtain(self.hash, holders)
            self.took_ms = (trio.current_time() - began) * 1_000
            return found

        return trio.run(ask, clock=MockClock(autojump_threshold=0))


def lie(kind: int, payload: bytes) -> bytes:
    """A transaction that nobody asked for."""
    return encode(TransactionsAnswer((b"not asked for",), 0))


def lacking(kind: int, payload: bytes) -> bytes:
    """It has none of them."""
    return encode(TransactionsAnswer((), len(decode(TransactionsRequest, payload).ids)))


def test_it_comes_in_bounded_parts_from_all_of_them() -> None:
    large = Large()
    complete = large.obtain()
    assert complete is not None
    assert complete.block == large.block
    assert {peer for peer, _ in large.parts} == set(HOLDERS)
    assert all(0 < size <= MAX_FETCH_BYTES for _, size in large.parts)
    assert large.peers.reported == []


def test_one_holder_lies_and_one_is_slow() -> None:
    """Whoever they are: the others bring all of it, nobody waits for the slow one's time to be over, and only the liar is blamed."""
    for answers in ((lie, silent), (silent, lie), (None, lie, silent)):
        large = Large()
        complete = large.obtain(*answers)
        assert complete is not None
        assert complete.block == large.block
        assert large.took_ms < FETCH_TIMEOUT_MS
        assert {large.peers.answers[peer] for peer, _ in large.peers.reported} == {lie}


def test_only_the_last_one_has_it() -> None:
    large = Large()
    complete = large.obtain(lie, lacking, silent)
    assert complete is not None
    assert complete.block == large.block


def test_two_slow_ones_before_the_good_ones_cost_one_time_out_at_most() -> None:
    large = Large()
    complete = large.obtain(silent, silent)
    assert complete is not None
    assert large.took_ms <= FETCH_TIMEOUT_MS


def test_parts_that_came_are_not_asked_for_again() -> None:
    """The only holder goes silent after three parts; the next attempt fetches the rest of another."""
    large = Large()
    good, left = large.helpful(HOLDERS[0]), iter(range(3))

    def tired(kind: int, payload: bytes) -> bytes:
        if next(left, None) is None:
            return silent(kind, payload)
        return good(kind, payload)

    assert large.obtain(tired, holders=HOLDERS[:1]) is None
    first = sum(size for _, size in large.parts)
    assert first > 0
    complete = large.obtain(silent, holders=HOLDERS[:2])
    assert complete is not None
    assert complete.block == large.block
    assert sum(size for _, size in large.parts) == sum(map(len, large.block.transactions))
    large.candidates.start_height(large.block.header.height + 1)
    assert large.candidates._partial == {}


def test_what_the_pool_has_is_not_asked_for() -> None:
    large = Large()
    for one in large.transactions[1:]:
        large.pool.add(one)
    complete = large.obtain()
    assert complete is not None
    assert complete.block == large.block
    assert [size for _, size in large.parts] == [len(large.transactions[0].raw)]


def test_a_proposal_that_names_more_bytes_than_a_block_may_have_is_invalid() -> None:
    """Fetching stops; what the pool has counts too."""
    large = Large()
    more = MemoryChain()
    extra = [more.transaction("bob", *[Transfer(account("alice"), Denomination.THB, 7)] * MESSAGES) for _ in range(2)]
    large.raws |= {one.id: one.raw for one in extra}
    compact = large.candidates.compact(large.hash)
    assert compact is not None
    large.candidates._compact[large.hash] = replace(compact, transaction_ids=tuple(large.raws))
    for one in large.transactions[:5]:
        large.pool.add(one)
    with pytest.raises(Rejected, match=f"at most {MAX_BLOCK_BYTES} bytes") as rejected:
        large.obtain()
    assert rejected.value.code is ChainCode.MALFORMED


def largest_header() -> Header:
    """Of an honest chain: four auctions of the largest grid, longest names, greatest numbers."""
    name = "n" * MAX_NAME_CHARS
    zone = ZoneResult(name, -MAX_I64, MAX_U64, MAX_U64)
    line = LineResult(name, name, MAX_AUCTION_NUMBER, MAX_AUCTION_NUMBER, MAX_AUCTION_NUMBER)
    clearing = ClearingSummary(MAX_U64, (zone,) * MAX_GRID_NODES, (line,) * (2 * MAX_LINES), MAX_U32, bytes(32))
    sources = (SourceEnergy(name, MAX_I64),) * MAX_SOURCES
    energy = EnergySummary(MAX_I64, MAX_I64, MAX_I64, MAX_I64, MAX_I64, sources, (clearing,) * MAX_CLEARINGS)
    header = MemoryChain().build([]).block.header
    return replace(header, chain_id=name, height=MAX_U64, time_ms=MAX_U64, transaction_count=MAX_U32, energy=energy)


def test_the_largest_proposal_fits_a_frame() -> None:
    """So no block that keeps its bounds is too large to be proposed."""
    header = largest_header()
    assert MAX_HEADER_BYTES // 2 < len(encode(header)) < MAX_HEADER_BYTES
    commit = Commit(MAX_U64, MAX_ROUND, bytes(32), (bytes(64),) * MAX_VALIDATORS)
    compact = CompactBlock(header, (bytes(32),) * MAX_BLOCK_TRANSACTIONS, commit)
    proposal = Proposal(MAX_U64, MAX_ROUND, MAX_ROUND, bytes(32), bytes(20), bytes(64))
    assert len(to_wire(ProposedBlock(proposal, compact))) < MAX_FRAME_BYTES - 1_024


def test_a_request_is_small() -> None:
    assert len(encode(TransactionsRequest((bytes(32),) * MAX_FETCH_IDS))) < 64 * 1024
