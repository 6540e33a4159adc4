"""Proposed blocks made whole: from the pool, from peers that help, and from peers that do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from gridnode.chain.block import CompactBlock, header_hash
from gridnode.chain.commit import Commit
from gridnode.chain.evidence import Evidence
from gridnode.chain.kinds import to_message
from gridnode.chain.receipt import ChainCode
from gridnode.chain.transaction import (
    Message,
    TransactionBody,
    VerifiedTransaction,
    decode_transaction,
    sign_transaction,
)
from gridnode.codec.records import decode, encode
from gridnode.crypto.merkle import root
from gridnode.mempool.pool import Pool
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.node import candidates
from gridnode.node.candidates import Candidates, Complete
from gridnode.node.verifier import Verifier
from gridnode.node.wire import RequestKind
from gridnode.primitives.errors import InvariantBroken, PeerFault, Rejected
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.limits import MAX_TOLD_BLOCKS, MAX_WHOLE_BLOCKS
from gridnode.primitives.units import Height, Round, TimeMs
from gridnode.sync.messages import TransactionsAnswer, TransactionsRequest
from tests.chain_in_memory import CHAIN, START_MS, MemoryChain, account, keys_of
from tests.unit.node.peers_in_memory import Answer, Peers, silent

PROPOSER, VOTER = b"p" * 32, b"v" * 32
COUNT = 3
MAKER, OTHER = account("mea-node"), account("pea-node")


class Proposed:
    """A block of COUNT transfers as its proposer has it, and a node that has heard of it."""

    def __init__(self) -> None:
        chain = MemoryChain()
        transfers = [Transfer(account("bob"), Denomination.THB, amount) for amount in range(1, COUNT + 1)]
        self.transactions = [chain.transaction("alice", transfer) for transfer in transfers]
        executed = chain.build(self.transactions)
        self.hash: Hash = executed.block_hash
        self.block = executed.block
        self.compact = CompactBlock(self.block.header, tuple(item.id for item in self.transactions), self.block.last_commit)
        self.pool, self.peers = Pool(), Peers()
        self.candidates = Candidates(self.pool, Verifier(), self.peers)

    def tells(self, number: int = 0, by: Address = MAKER, height: int = 1) -> Hash:
        """A proposal of one of its blocks comes, the 0-th unless told."""
        header = self.compact.header
        if number or height != 1:
            header = replace(header, time_ms=TimeMs(header.time_ms + number), height=Height(height))
        self.candidates.proposed(header_hash(header), replace(self.compact, header=header), by)
        return header_hash(header)

    def helpful(self, kind: int, payload: bytes) -> bytes:
        """Answers as the proposer does."""
        if kind == RequestKind.PROPOSED:
            return encode(self.compact)
        raws = {item.id: item.raw for item in self.transactions}
        wanted = decode(TransactionsRequest, payload).ids
        return encode(TransactionsAnswer(tuple(raws[each] for each in wanted), 0))

    def obtain(self, *holders: bytes, **answers: Answer) -> Complete | None:
        """What comes of asking these peers in turn."""
        self.peers.answers = {PROPOSER: answers.get("proposer", self.helpful), VOTER: answers.get("voter", self.helpful)}

        async def ask() -> Complete | None:
            return await self.candidates.obtain(self.hash, holders)

        return trio.run(ask, clock=MockClock(autojump_threshold=0))


@pytest.fixture
def proposed() -> Proposed:
    """A proposed block."""
    return Proposed()


def test_a_block_whose_transactions_wait_here_needs_nobody(proposed: Proposed) -> None:
    """Not one question is asked."""
    proposed.tells()
    for item in proposed.transactions:
        proposed.pool.add(item)
    complete = proposed.obtain()
    assert complete is not None
    assert complete.block == proposed.block
    assert proposed.peers.asked == []
    assert proposed.candidates.get(proposed.hash) is complete


def test_what_the_pool_lacks_is_asked_of_the_proposer(proposed: Proposed) -> None:
    """Only that, in one question."""
    proposed.tells()
    proposed.pool.add(proposed.transactions[1])
    asked: list[tuple[bytes, ...]] = []

    def answer(kind: int, payload: bytes) -> bytes:
        asked.append(decode(TransactionsRequest, payload).ids)
        return proposed.helpful(kind, payload)

    complete = proposed.obtain(PROPOSER, proposer=answer)
    assert complete is not None
    assert complete.block == proposed.block
    assert asked == [(proposed.transactions[0].id, proposed.transactions[2].id)]


def test_a_block_of_which_only_votes_were_heard_is_asked_for(proposed: Proposed) -> None:
    """First the block, then its transactions."""
    complete = proposed.obtain(VOTER)
    assert complete is not None
    assert complete.block == proposed.block
    assert proposed.peers.asked == [(VOTER, RequestKind.PROPOSED), (VOTER, RequestKind.TRANSACTIONS)]


def unhelpful(proposed: Proposed) -> dict[str, tuple[Answer, bool]]:
    """Answers that bring nothing, and whether who gives them is to blame."""
    other = proposed.transactions[0].raw[:-1] + b"\x00"
    return {
        "silent": (silent, False),
        "does not know it": (lambda kind, payload: b"" if kind == RequestKind.PROPOSED else encode(TransactionsAnswer((), 3)), False),
        "junk": (lambda kind, payload: b"\xc1", True),
        "another block": (
            lambda kind, payload: encode(
                replace(proposed.compact, header=replace(proposed.compact.header, height=9))
                if kind == RequestKind.PROPOSED
                else TransactionsAnswer((), 3)
            ),
            True,
        ),
        "transactions that nobody asked for": (
            lambda kind, payload: proposed.helpful(kind, payload)
            if kind == RequestKind.PROPOSED
            else encode(TransactionsAnswer((other,), 0)),
            True,
        ),
    }


@pytest.mark.parametrize(
    "name", ["silent", "does not know it", "junk", "another block", "transactions that nobody asked for"]
)
def test_a_peer_that_does_not_help_is_passed_over(proposed: Proposed, name: str) -> None:
    """The next one brings the block. Alone, it leaves the node without; lies are reported."""
    answer, to_blame = unhelpful(proposed)[name]
    assert proposed.obtain(PROPOSER, proposer=answer) is None
    complete = proposed.obtain(PROPOSER, VOTER, proposer=answer)
    assert complete is not None
    assert complete.block == proposed.block
    assert {peer for peer, _ in proposed.peers.reported} == ({PROPOSER} if to_blame else set())


def test_a_proposal_that_names_another_block_is_a_fault(proposed: Proposed) -> None:
    """Nothing is kept of it."""
    with pytest.raises(PeerFault):
        proposed.candidates.proposed(Hash(bytes(32)), proposed.compact, MAKER)
    assert proposed.candidates.compact(Hash(bytes(32))) is None


def test_who_proposes_many_blocks_takes_no_place_of_another(proposed: Proposed) -> None:
    """Of each validator's the newest are known."""
    others = proposed.tells(by=OTHER)
    told = [proposed.tells(number) for number in range(1, 70)]
    known = [block_hash for block_hash in told if proposed.candidates.compact(block_hash) is not None]
    assert known == told[-MAX_TOLD_BLOCKS:]
    assert proposed.candidates.compact(others) is not None
    again = [proposed.tells(number) for number in (69, 68)]
    assert [*reversed(again)] == known, "what is told again takes no place"


def test_a_block_that_two_propose_is_known_as_long_as_one_of_them_tells_it(proposed: Proposed) -> None:
    first = proposed.tells()
    assert proposed.tells(by=OTHER) == first
    for number in range(1, MAX_TOLD_BLOCKS + 1):
        proposed.tells(number)
    assert proposed.candidates.compact(first) is not None
    for number in range(1, MAX_TOLD_BLOCKS + 1):
        proposed.tells(10 + number, by=OTHER)
    assert proposed.candidates.compact(first) is None


def test_a_proposal_that_is_early_keeps_its_block(proposed: Proposed) -> None:
    """What is of the heights below is forgotten when a height begins."""
    now, early = proposed.tells(), proposed.tells(height=2)
    proposed.candidates.start_height(1)
    assert proposed.candidates.compact(now) is not None
    proposed.candidates.start_height(2)
    assert proposed.candidates.compact(now) is None
    assert proposed.candidates.compact(early) is not None
    proposed.candidates.start_height(3)
    assert not proposed.candidates._compact
    assert not proposed.candidates._told


def test_whole_blocks_are_bounded_and_what_is_needed_stays(proposed: Proposed) -> None:
    first, rest = proposed.hash, [Hash(bytes([number]) * 32) for number in range(1, MAX_WHOLE_BLOCKS + 4)]
    complete = Complete(proposed.block, tuple(proposed.transactions))
    proposed.tells(1)
    for block_hash in (first, *rest):
        proposed.candidates.add(block_hash, complete)
    assert proposed.candidates.is_crowded
    proposed.candidates.drop_all_but(frozenset([first]))
    assert [block_hash for block_hash in (first, *rest) if proposed.candidates.get(block_hash)] == [first, *rest[3:]]
    assert [block_hash for block_hash in (first, *rest) if proposed.candidates.compact(block_hash)] == [first, *rest[3:]]
    proposed.candidates.drop_all_but(frozenset())
    assert not proposed.candidates.is_crowded


def test_what_was_fetched_and_comes_by_gossip_as_well_is_counted_once(proposed: Proposed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first attempt brings a part, and the pool has it too by the second: the block is no larger for that."""
    sizes = [len(one.raw) for one in proposed.transactions]
    monkeypatch.setattr(candidates, "MAX_BLOCK_BYTES", sum(sizes))
    proposed.tells()
    raws = {one.id: one.raw for one in proposed.transactions}

    def some(kind: int, payload: bytes) -> bytes:
        wanted = decode(TransactionsRequest, payload).ids
        return encode(TransactionsAnswer((raws[wanted[0]],), len(wanted) - 1))

    assert proposed.obtain(PROPOSER, proposer=some) is None
    for one in proposed.transactions[:2]:
        proposed.pool.add(one)
    assert proposed.obtain(PROPOSER) is not None


def test_one_that_brings_a_transaction_at_a_time_is_asked_once(proposed: Proposed) -> None:
    """The next holder brings the rest."""
    proposed.tells()
    raws = {one.id: one.raw for one in proposed.transactions}

    def drips(kind: int, payload: bytes) -> bytes:
        wanted = decode(TransactionsRequest, payload).ids
        return encode(TransactionsAnswer((raws[wanted[0]],), len(wanted) - 1))

    assert proposed.obtain(PROPOSER, VOTER, proposer=drips) is not None
    assert [peer for peer, _ in proposed.peers.asked].count(PROPOSER) == 1


def test_transactions_of_pool_and_blocks_can_be_asked_for(proposed: Proposed) -> None:
    """That is how others get what they lack."""
    first, second, third = proposed.transactions
    proposed.pool.add(first)
    assert proposed.candidates.transaction(first.id) == first.raw
    assert proposed.candidates.transaction(second.id) is None
    proposed.candidates.add(proposed.hash, Complete(proposed.block, tuple(proposed.transactions)))
    assert proposed.candidates.transaction(third.id) == third.raw


def signed(message: Message) -> VerifiedTransaction:
    """A transaction whose envelope is in order, whatever its message."""
    body = TransactionBody(CHAIN, keys_of("alice").public_key, START_MS + 60_000, 1, (message,))
    return VerifiedTransaction(decode_transaction(sign_transaction(body, keys_of("alice"))))


def spoilt(item: VerifiedTransaction) -> VerifiedTransaction:
    """The same with a wrong signature; another id."""
    raw = item.raw[:-1] + bytes([item.raw[-1] ^ 1])
    return VerifiedTransaction(decode_transaction(raw))


GOOD = to_message(Transfer(account("bob"), Denomination.THB, 1))
NEVER_VALID = {
    "signature": (spoilt(signed(GOOD)), ChainCode.BAD_SIGNATURE),
    "message": (signed(Message("metering.submit_reading", b"\x90")), ChainCode.MALFORMED),
    "kind": (signed(Message("token.conjure", b"\x90")), ChainCode.UNKNOWN_MESSAGE),
}


@pytest.mark.parametrize("name", NEVER_VALID)
def test_a_block_with_what_can_never_be_valid_is_invalid(proposed: Proposed, name: str) -> None:
    """Its maker signed for that transaction by its id, so no other peer can bring a better one."""
    bad, code = NEVER_VALID[name]
    proposed.transactions[1] = bad
    ids = tuple(item.id for item in proposed.transactions)
    header = replace(proposed.compact.header, transactions_root=root(ids))
    proposed.compact, proposed.hash = replace(proposed.compact, header=header, transaction_ids=ids), header_hash(header)
    with pytest.raises(Rejected) as rejected:
        proposed.obtain(PROPOSER, VOTER)
    assert rejected.value.code is code


def test_a_fault_of_this_node_is_not_taken_for_a_peers(proposed: Proposed) -> None:
    """What is broken here stops the node."""

    def broken(kind: int, payload: bytes) -> bytes:
        raise InvariantBroken("something", "is broken")

    with pytest.raises(InvariantBroken):
        proposed.obtain(PROPOSER, VOTER, proposer=broken)


@pytest.mark.parametrize(
    ("field", "value"),
    [("transaction_ids", ()), ("last_commit", Commit(Height(7), Round(0), Hash(bytes(32)), ())), ("evidence", (Evidence((), ()),))],
)
def test_a_header_with_other_parts_is_refused_and_leaves_room_for_the_right_ones(proposed: Proposed, field: str, value: Any) -> None:
    """A signature covers the header alone: with other parts a good block would be found invalid for good."""
    with pytest.raises(PeerFault, match=field):
        proposed.candidates.proposed(proposed.hash, replace(proposed.compact, **{field: value}), MAKER)
    proposed.tells()
    assert proposed.obtain(PROPOSER) is not None
