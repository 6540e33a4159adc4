"""The blocks proposed for the height under way and the next, and how what is missing of them is obtained.

A proposal names its transactions by id, so it fits one frame whatever it holds (asserted in `limits`). What the pool lacks is asked of
those who should have it, the proposer and the validators that voted for the block, in parts and of several at the same time (`fetch`).
Parts that came are kept for the next attempt. Everything is checked against the header before it is executed: number, ids, bytes,
signatures.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import NamedTuple, Protocol

from gridnode.chain.block import Block, CompactBlock, check_compact, header_hash
from gridnode.chain.receipt import ChainCode
from gridnode.chain.transaction import Transaction, VerifiedTransaction, decode_transaction
from gridnode.codec.records import decode
from gridnode.mempool.pool import Pool
from gridnode.node.fetch import FETCH_TIMEOUT_MS, Fetch, SideBySide, one_after_another
from gridnode.node.wire import RequestKind
from gridnode.primitives.errors import (
    GridnodeError,
    InvariantBroken,
    Malformed,
    OperatorError,
    PeerFault,
    Rejected,
)
from gridnode.primitives.ids import Address, Hash, TransactionId
from gridnode.primitives.limits import MAX_BLOCK_BYTES, MAX_PARTIAL_BLOCKS, MAX_TOLD_BLOCKS, MAX_WHOLE_BLOCKS
from gridnode.primitives.offences import Offence


class Complete(NamedTuple):
    """A block with all its transactions, their signatures checked; not yet executed."""

    block: Block
    transactions: tuple[VerifiedTransaction, ...]


class Asks(Protocol):
    """How peers are asked; `gridnode.network.Network` is one."""

    async def request(self, peer_key: bytes, kind: int, payload: bytes, timeout_ms: int) -> bytes:
        """Answer of a peer. Raises PeerFault or another GridnodeError when there is none."""
        ...

    def report(self, peer_key: bytes, fault: PeerFault) -> None:
        """Lower a peer's score."""
        ...


class Checks(Protocol):
    """How signatures are checked; `gridnode.node.verifier.Verifier` is one."""

    async def verified(self, transactions: Sequence[Transaction]) -> list[VerifiedTransaction | None]:
        """For each transaction, itself when every signature in it is valid, else None; in order. Raises Rejected, Malformed."""
        ...


class Candidates:
    """Blocks of the height under way, and of the one above, whose proposals may be early.

    Of what each validator proposes the newest MAX_TOLD_BLOCKS are known, so that nobody takes the place of another; whole are a few more
    than consensus may still need.
    """

    def __init__(
        self, pool: Pool, verifier: Checks, peers: Asks, side_by_side: SideBySide = one_after_another
    ) -> None:
        """`side_by_side` asks several peers at the same time, where there are tasks."""
        self._side_by_side = side_by_side
        self._partial: dict[Hash, Fetch] = {}
        self._pool = pool
        self._verifier = verifier
        self._peers = peers
        self._compact: dict[Hash, CompactBlock] = {}
        self._told: dict[Address, list[Hash]] = {}  # who proposed which, the newest last
        self._complete: dict[Hash, Complete] = {}

    def start_height(self, height: int) -> None:
        """Forget the blocks of the heights below."""
        self._compact = {block_hash: compact for block_hash, compact in self._compact.items() if compact.header.height >= height}
        for known in (self._complete, self._partial):
            for block_hash in [block_hash for block_hash in known if block_hash not in self._compact]:
                del known[block_hash]
        told = {by: [block_hash for block_hash in hashes if block_hash in self._compact] for by, hashes in self._told.items()}
        self._told = {by: hashes for by, hashes in told.items() if hashes}

    @property
    def is_crowded(self) -> bool:
        """Whether more blocks are here whole than are kept for nothing."""
        return len(self._complete) > MAX_WHOLE_BLOCKS

    def drop_all_but(self, needed: Container[Hash]) -> None:
        """Forget the oldest of the whole blocks that are not `needed`, but for MAX_WHOLE_BLOCKS."""
        for block_hash in [block_hash for block_hash in self._complete if block_hash not in needed][:-MAX_WHOLE_BLOCKS]:
            del self._complete[block_hash]
            if not self._is_told(block_hash):
                self._compact.pop(block_hash, None)

    def proposed(self, block_hash: Hash, compact: CompactBlock, by: Address) -> None:
        """A proposal of validator `by` brought this block.

        Raises PeerFault when the block is not the one that the proposal names, all parts of it.
        """
        check_named(block_hash, compact)
        told = self._told.setdefault(by, [])
        if block_hash in told:
            return
        self._compact.setdefault(block_hash, compact)
        told.append(block_hash)
        if len(told) > MAX_TOLD_BLOCKS:
            oldest = told.pop(0)
            if oldest not in self._complete and not self._is_told(oldest):
                del self._compact[oldest]

    def _is_told(self, block_hash: Hash) -> bool:
        return any(block_hash in hashes for hashes in self._told.values())

    def add(self, block_hash: Hash, complete: Complete) -> None:
        """A block that this node has whole: built here, restored from the log."""
        self._complete[block_hash] = complete
        self._compact[block_hash] = compact_of(complete)

    def get(self, block_hash: Hash) -> Complete | None:
        """The whole block, if known."""
        return self._complete.get(block_hash)

    def compact(self, block_hash: Hash) -> CompactBlock | None:
        """The block as it is proposed, if known."""
        return self._compact.get(block_hash)

    def transaction(self, wanted: TransactionId) -> bytes | None:
        """Bytes of a transaction that waits in the pool or stands in a known block."""
        waiting = self._pool.get(wanted)
        if waiting is not None:
            return waiting.raw
        for complete in self._complete.values():
            for transaction in complete.transactions:
                if transaction.id == wanted:
                    return transaction.raw
        return None

    async def obtain(self, block_hash: Hash, holders: Sequence[bytes]) -> Complete | None:
        """The whole block, asking `holders` (peer keys, the likeliest first) for what is missing; None when it cannot be had now.

        Raises Rejected when it can never be valid: a transaction in it is not, or they are more than a block may hold.
        """
        if block_hash in self._complete:
            return self._complete[block_hash]
        compact = self._compact.get(block_hash) or await self._ask_holders(block_hash, holders)
        complete = None if compact is None else await self._assemble(block_hash, compact, holders)
        if complete is not None:
            self._partial.pop(block_hash, None)
            self.add(block_hash, complete)
        return complete

    async def _assemble(self, block_hash: Hash, compact: CompactBlock, holders: Sequence[bytes]) -> Complete | None:
        fetch, missing, room_bytes = self._fetch_of(block_hash), [], MAX_BLOCK_BYTES
        for wanted in compact.transaction_ids:
            waiting = None if wanted in fetch.found else self._pool.get(wanted)
            if waiting is None:
                missing.append(wanted)
            else:
                room_bytes -= len(waiting.raw)
        await fetch.run(missing, holders, room_bytes, self._side_by_side)
        fetched = fetch.found
        transactions = []
        for wanted in compact.transaction_ids:
            transaction = fetched.get(wanted) or self._pool.get(wanted)
            if transaction is None:  # nobody brought it, or it left the pool while others were fetched
                return None
            transactions.append(transaction)
        raws = tuple(transaction.raw for transaction in transactions)
        return Complete(Block(compact.header, raws, compact.last_commit, compact.evidence), tuple(transactions))

    def _fetch_of(self, block_hash: Hash) -> Fetch:
        """What came of this block before, at most of MAX_PARTIAL_BLOCKS of them."""
        fetch = self._partial.pop(block_hash, None) or Fetch(self._peers, self.check)
        while len(self._partial) >= MAX_PARTIAL_BLOCKS:
            del self._partial[next(iter(self._partial))]
        self._partial[block_hash] = fetch
        return fetch

    async def _ask_holders(self, block_hash: Hash, holders: Sequence[bytes]) -> CompactBlock | None:
        """The block as it is proposed, from the first holder that gives it."""
        for peer in holders:
            try:
                compact = await self._ask_compact(block_hash, peer)
            except PeerFault as fault:
                self._peers.report(peer, fault)
            except (InvariantBroken, OperatorError):
                raise
            except GridnodeError:  # the peer cannot be asked now
                continue
            else:
                if compact is not None:
                    return compact
        return None

    async def _ask_compact(self, block_hash: Hash, peer: bytes) -> CompactBlock | None:
        answer = await self._peers.request(peer, RequestKind.PROPOSED, block_hash, FETCH_TIMEOUT_MS)
        if not answer:
            return None
        try:
            compact = decode(CompactBlock, answer)
        except Malformed as error:
            raise PeerFault.of(Offence.BAD_MESSAGE, f"block: {error}") from None
        check_named(block_hash, compact)
        return compact

    async def check(self, raws: Sequence[bytes]) -> list[VerifiedTransaction]:
        """Transactions of a block, taken apart and checked. Raises Rejected for one that can never be valid."""
        try:
            checked = await self._verifier.verified([decode_transaction(raw) for raw in raws])
        except Malformed as error:
            raise Rejected(ChainCode.MALFORMED, str(error)) from None
        valid = [transaction for transaction in checked if transaction is not None]
        if len(valid) != len(checked):
            raise Rejected(ChainCode.BAD_SIGNATURE, "expected valid signatures in every transaction of a block")
        return valid


def check_named(block_hash: Hash, compact: CompactBlock) -> None:
    """Whether a block is the one of this hash, all parts of it. Raises PeerFault."""
    if header_hash(compact.header) != block_hash:
        raise PeerFault.of(Offence.WRONG_BLOCK, "expected the one that the proposal names")
    try:
        check_compact(compact)
    except Malformed as error:
        raise PeerFault.of(Offence.WRONG_BLOCK, str(error)) from None


def compact_of(complete: Complete) -> CompactBlock:
    """A block as it is proposed."""
    block = complete.block
    ids = tuple(transaction.id for transaction in complete.transactions)
    return CompactBlock(block.header, ids, block.last_commit, block.evidence)
