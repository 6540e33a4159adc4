"""Peers at the network's seam: what they answer is real, only the wire between is missing. Behind a node's part stands a real store."""

from __future__ import annotations

from collections.abc import Callable

import trio

from gridnode.chain.commit import Commit
from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.codec.records import decode
from gridnode.execution.executed import Executed
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.network.config import Channel
from gridnode.node.wire import RequestKind
from gridnode.primitives.errors import GridnodeError, PeerFault
from gridnode.primitives.ids import Signature
from gridnode.sync.messages import BlockRequest, FinalBlock, Status
from gridnode.sync.responder import answer_blocks
from tests.chain_in_memory import CHAIN, MemoryChain, account, genesis, keys_of

Answer = Callable[[int, bytes], bytes]


class NoAnswer(GridnodeError):
    """A peer that is asked and says nothing."""


class Peers:
    """Stands where the network stands: requests go to functions, what is told and reported is kept."""

    def __init__(self) -> None:
        self.answers: dict[bytes, Answer] = {}
        self.told: list[tuple[Channel, bytes]] = []
        self.reported: list[tuple[bytes, PeerFault]] = []
        self.asked: list[tuple[bytes, int]] = []

    async def request(self, peer_key: bytes, kind: int, payload: bytes, timeout_ms: int) -> bytes:
        """The peer's answer; one that raises NoAnswer takes the whole time-out for it."""
        self.asked.append((peer_key, kind))
        try:
            answer = self.answers[peer_key](kind, payload)
        except NoAnswer:
            await trio.sleep(timeout_ms / 1000)
            raise
        await trio.lowlevel.checkpoint()
        return answer

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        """Tell everybody."""
        self.told.append((channel, payload))

    def report(self, peer_key: bytes, fault: PeerFault) -> None:
        """A peer did wrong."""
        self.reported.append((peer_key, fault))


class GrownChain:
    """A chain of some blocks in memory, with the commit of each: what an honest peer holds."""

    def __init__(self, blocks: int) -> None:
        self.memory = MemoryChain(genesis())
        self.executed = [self._block(number) for number in range(blocks)]

    def _block(self, number: int) -> Executed:
        transfer = Transfer(account("bob"), Denomination.THB, 1 + number)
        return self.memory.block(self.memory.transaction("alice", transfer))

    @property
    def height(self) -> int:
        """Height of its newest block."""
        return len(self.memory.blocks)

    def final(self, height: int) -> FinalBlock | None:
        """A block and its commit."""
        if not 1 <= height <= self.height:
            return None
        if height == self.height:
            return FinalBlock(self.memory.blocks[-1], self.memory.last_commit())
        return FinalBlock(self.memory.blocks[height - 1], self.memory.blocks[height].last_commit)

    def status(self, height: int | None = None) -> Status:
        """What a peer with this chain tells; another height than its own when given."""
        ledger = self.memory.ledger
        genesis_hash = self.memory.blocks[0].header.previous_hash
        return Status(genesis_hash, self.height if height is None else height, ledger.tip.block_hash)

    def honest(self, kind: int, payload: bytes) -> bytes:
        """Answers as a node does."""
        assert kind == RequestKind.BLOCKS
        return answer_blocks(decode(BlockRequest, payload), self.height, self.final)


def silent(kind: int, payload: bytes) -> bytes:
    """Never answers."""
    raise NoAnswer


def commit_of(height: int, block_hash: bytes, signers: tuple[str, ...] = ("egat", "mea", "pea")) -> Commit:
    """A commit of a block at round 0, signed by these validators."""
    signed = vote_hash(CHAIN, VoteKind.PRECOMMIT, height, 0, block_hash)
    names = {account(f"{name}-node"): name for name in ("egat", "mea", "pea")}
    signatures = tuple(
        Signature(keys_of(f"{names[address]}-node").sign(signed) if names[address] in signers else b"")
        for address in sorted(names)
    )
    return Commit(height, 0, block_hash, signatures)
