"""Block sync's asking side: whom it asks for what, what it does with answers, good and bad."""

from __future__ import annotations

from gridnode.chain.block import NO_ENERGY, Block, Header
from gridnode.chain.commit import NO_COMMIT
from gridnode.codec.records import decode
from gridnode.primitives.limits import (
    MAX_BLOCK_BYTES,
    MAX_RESPONSE_BYTES,
    MAX_SYNC_AHEAD,
    MAX_SYNC_BLOCKS,
    MAX_SYNC_BYTES,
    MAX_SYNC_REQUESTS,
    MAX_TRANSACTION_BYTES,
)
from gridnode.sync.messages import (
    BlockAnswer,
    BlockRequest,
    FinalBlock,
    TransactionsAnswer,
    TransactionsRequest,
)
from gridnode.sync.requester import Requester
from gridnode.sync.responder import answer_blocks, answer_transactions

ZERO = bytes(32)


def final(height: int, size: int = 0) -> FinalBlock:
    """A block of a height, with one transaction of `size` bytes when it is above zero."""
    raws = (bytes(size),) if size else ()
    header = Header(
        "chain", height, 1, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, bytes(20), len(raws), NO_ENERGY
    )
    return FinalBlock(Block(header, raws, NO_COMMIT), NO_COMMIT)


def answer(first: int, count: int) -> BlockAnswer:
    """Blocks from `first` on."""
    return BlockAnswer(tuple(final(height) for height in range(first, first + count)))


def test_ranges_do_not_overlap_and_each_peer_has_one() -> None:
    requester = Requester(10)
    for number in range(3):
        requester.peer_at(bytes([number]), 10 + 2 * MAX_SYNC_BLOCKS + 5)
    asks = requester.next_requests()
    assert [(ask.request.first, ask.request.count) for ask in asks] == [
        (11, MAX_SYNC_BLOCKS),
        (11 + MAX_SYNC_BLOCKS, MAX_SYNC_BLOCKS),
        (11 + 2 * MAX_SYNC_BLOCKS, 5),
    ]
    assert requester.next_requests() == []


def test_requests_and_blocks_ahead_are_bounded() -> None:
    requester = Requester(0)
    for number in range(20):
        requester.peer_at(bytes([number]), 1_000_000)
    asks = requester.next_requests()
    assert len(asks) == MAX_SYNC_REQUESTS
    for ask in asks:
        assert requester.answered(ask.peer, answer(ask.request.first, ask.request.count)) is None
    most = max((ask.request.first + ask.request.count - 1 for ask in requester.next_requests()), default=0)
    assert most <= MAX_SYNC_AHEAD


def test_blocks_come_out_in_order_whatever_order_they_came_in() -> None:
    requester = Requester(0)
    requester.peer_at(b"a", 2 * MAX_SYNC_BLOCKS)
    requester.peer_at(b"b", 2 * MAX_SYNC_BLOCKS)
    first, second = requester.next_requests()
    assert requester.answered(second.peer, answer(second.request.first, second.request.count)) is None
    assert requester.next_block() is None
    assert requester.answered(first.peer, answer(1, MAX_SYNC_BLOCKS)) is None
    for height in range(1, 2 * MAX_SYNC_BLOCKS + 1):
        received = requester.next_block()
        assert received is not None
        assert received.final.block.header.height == height
        requester.stored(height)
    assert requester.behind == 0


def test_wrong_heights_are_named() -> None:
    requester = Requester(0)
    requester.peer_at(b"a", 5)
    requester.next_requests()
    assert "expected block 1" in str(requester.answered(b"a", answer(2, 1)))
    requester.peer_at(b"a", 5)
    requester.next_requests()
    assert "of at most 5" in str(requester.answered(b"a", answer(1, 6)))


def test_a_failed_range_goes_to_another_peer_first() -> None:
    requester = Requester(0)
    requester.peer_at(b"a", 3)
    assert [ask.peer for ask in requester.next_requests()] == [b"a"]
    requester.peer_at(b"b", 3)
    requester.failed(b"a")
    assert [(ask.peer, ask.request) for ask in requester.next_requests()] == [(b"b", BlockRequest(1, 3))]


def test_a_peer_that_has_nothing_after_all_no_longer_counts() -> None:
    requester = Requester(0)
    requester.peer_at(b"a", 9)
    requester.next_requests()
    assert requester.answered(b"a", BlockAnswer(())) is None
    assert requester.behind == 0


def test_a_refused_block_takes_its_peers_others_along() -> None:
    requester = Requester(0)
    requester.peer_at(b"a", 4)
    requester.next_requests()
    requester.answered(b"a", answer(1, 4))
    requester.refused(1)
    assert requester.next_block() is None
    requester.peer_at(b"b", 4)
    assert [ask.peer for ask in requester.next_requests()] == [b"b"]


def test_an_answer_that_comes_after_its_peer_left_is_passed_over() -> None:
    requester = Requester(0)
    requester.peer_at(b"a", 5)
    requester.next_requests()
    requester.peer_gone(b"a")
    assert requester.answered(b"a", answer(1, 5)) is None
    assert requester.next_block() is None


def test_who_owes_what_it_claims_keeps_nobody_behind() -> None:
    """Silent, empty or wrong: claimed again, it is asked again, but nobody else's work waits for it."""
    requester = Requester(7)
    for fail in (
        requester.failed,
        lambda peer: requester.answered(peer, BlockAnswer(())),
        lambda peer: requester.answered(peer, answer(9, 1)),
    ):
        requester.peer_at(b"liar", 1_000_000)
        assert [ask.peer for ask in requester.next_requests()] == [b"liar"]
        fail(b"liar")
        requester.peer_at(b"liar", 1_000_000)
        assert requester.behind == 0
        assert requester.best == 0


def test_a_doubt_outlives_the_link_and_ends_with_a_good_block() -> None:
    requester = Requester(7)
    requester.peer_at(b"a", 9)
    requester.next_requests()
    requester.peer_gone(b"a")
    requester.failed(b"a")  # the link was lost while it was asked
    requester.peer_at(b"a", 9)
    assert requester.behind == 0
    requester.next_requests()
    requester.answered(b"a", answer(8, 2))
    received = requester.next_block()
    assert received is not None
    requester.proved(received.peer)
    requester.stored(8)
    assert requester.behind == 1


def test_who_is_doubted_is_not_asked_while_another_is_ahead() -> None:
    requester = Requester(0)
    requester.peer_at(b"a", 500)
    requester.next_requests()
    requester.failed(b"a")
    requester.peer_at(b"b", 500)
    assert [ask.peer for ask in requester.next_requests()] == [b"b"]
    assert requester.next_requests() == []


def test_a_peer_that_leaves_frees_its_range() -> None:
    requester = Requester(0)
    requester.peer_at(b"a", 4)
    requester.next_requests()
    requester.peer_gone(b"a")
    requester.peer_at(b"b", 4)
    assert [ask.request.first for ask in requester.next_requests()] == [1]


def test_answers_are_bounded_in_count_bytes_and_by_what_is_stored() -> None:
    large = MAX_SYNC_BYTES // 80
    stored = {height: final(height, min(large, 60_000)) for height in range(1, 101)}
    blocks = decode(BlockAnswer, answer_blocks(BlockRequest(5, 3), 100, stored.get)).blocks
    assert [item.block.header.height for item in blocks] == [5, 6, 7]
    assert decode(BlockAnswer, answer_blocks(BlockRequest(99, 10), 100, stored.get)).blocks[-1] == stored[100]
    assert decode(BlockAnswer, answer_blocks(BlockRequest(200, 10), 100, stored.get)).blocks == ()
    heavy = {height: final(height, 60_000) for height in range(1, 101)}
    some = decode(BlockAnswer, answer_blocks(BlockRequest(1, MAX_SYNC_BLOCKS), 100, heavy.get)).blocks
    assert sum(len(item.block.transactions[0]) for item in some) <= MAX_SYNC_BYTES


def test_an_answer_of_the_largest_blocks_fits_into_a_response() -> None:
    """Two blocks that together are too long travel one by one; a single one always travels."""
    raw = bytes(MAX_TRANSACTION_BYTES)
    count = MAX_BLOCK_BYTES // MAX_TRANSACTION_BYTES
    largest = {}
    for height, many in ((1, count - 1), (2, count), (3, count)):
        empty = final(height)
        largest[height] = FinalBlock(Block(empty.block.header, (raw,) * many, NO_COMMIT), NO_COMMIT)
    for first in (1, 2, 3):
        payload = answer_blocks(BlockRequest(first, 3), 3, largest.get)
        assert len(payload) <= MAX_RESPONSE_BYTES
        assert [item.block.header.height for item in decode(BlockAnswer, payload).blocks] == [first]


def test_known_transactions_come_in_the_order_asked() -> None:
    known = {bytes([number]) * 32: bytes([number]) for number in range(1, 4)}
    ids = tuple(bytes([number]) * 32 for number in (3, 9, 1))
    found = decode(TransactionsAnswer, answer_transactions(TransactionsRequest(ids), known.get))
    assert (found.transactions, found.missing) == ((b"\x03", b"\x01"), 1)
