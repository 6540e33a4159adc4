"""Follows the chain through the APIs: each block once, from whichever node has it; what all later checks count in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import trio

from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.client.remote import RemoteProblem
from gridnode.crypto.keys import verify
from tests.endtoend.nodes import RunNode

POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of a block."""

    height: int
    hash: str
    time_ms: int
    proposer: str  # operator-independent address of the validator
    round: int
    signers: tuple[str, ...]  # names of the validators whose precommit is in the commit
    outcomes: dict[str, int]  # result code by transaction id
    evidence: int = 0  # pieces of evidence in it


class Follower:
    """The chain as the nodes tell it."""

    def __init__(self, nodes: Mapping[str, RunNode]) -> None:
        self.nodes = nodes
        self.blocks: list[Seen] = []
        """Blocks from height 1 on."""
        self.places: dict[str, list[int]] = {}
        """Heights of the blocks that hold a transaction, by its id."""
        self.heights: dict[str, int] = {}
        """What each node said last."""
        self.validators: list[dict[str, Any]] = []
        """Everybody who was ever licensed, as a node told with the newest block."""
        self.names: dict[str, str] = {}
        """Name of every validator ever seen, by address."""
        self._grown = trio.Event()
        self._looked = trio.Event()

    @property
    def height(self) -> int:
        """Height of the newest block seen."""
        return len(self.blocks)

    @property
    def time_ms(self) -> int:
        """Chain time of it; 0 at the start."""
        return self.blocks[-1].time_ms if self.blocks else 0

    async def at(self, height: int) -> None:
        """Wait until a block of this height has been seen."""
        while self.height < height:
            await self._grown.wait()

    async def grows(self, by: int) -> None:
        """Wait for so many more blocks."""
        await self.at(self.height + by)

    async def follows(self, name: str, height: int) -> None:
        """Wait until a node has said that it has this height."""
        while self.heights.get(name, -1) < height:
            await self._looked.wait()

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            await self.look()
            await trio.sleep(POLL_S)

    async def look(self) -> None:
        """Ask all nodes how far they are and take the blocks that are new, from the furthest."""
        async with trio.open_nursery() as nursery:
            for node in self.nodes.values():
                nursery.start_soon(self._ask, node)
        self._looked.set()
        self._looked = trio.Event()
        answering = {name: height for name, height in self.heights.items() if height > self.height}
        for name in sorted(answering, key=lambda name: -answering[name]):
            try:
                await self._take(self.nodes[name], answering[name])
                return
            except RemoteProblem:
                continue  # it died just now; the next one has the same blocks

    async def _ask(self, node: RunNode) -> None:
        status = await node.status()
        self.heights[node.name] = -1 if status is None else int(status["height"])

    async def _take(self, node: RunNode, height: int) -> None:
        self.validators = await node.remote.get("validators")
        self.names |= {row["address"]: row["name"] for row in self.validators}
        while self.height < height:
            block = await node.remote.get(f"blocks/{self.height + 1}", events="false")
            self._keep(block)

    def _keep(self, block: dict[str, Any]) -> None:
        header, commit = block["header"], block["commit"]
        outcomes = {row["id"]: row["code"] for row in block["transactions"]}
        self.blocks.append(
            Seen(
                block["height"],
                block["hash"],
                header["time_ms"],
                header["proposer"],
                commit["round"],
                self._signers(block),
                outcomes,
                len(block["evidence"]),
            )
        )
        for row in block["transactions"]:  # not of `outcomes`: a block that holds a transaction twice must be seen to
            self.places.setdefault(row["id"], []).append(block["height"])
        self._grown.set()
        self._grown = trio.Event()

    def _signers(self, block: dict[str, Any]) -> tuple[str, ...]:
        """Whose precommits a commit has. They are told by their keys: which set voted on the block is not said, and sets change."""
        commit, height = block["commit"], block["height"]
        signed = vote_hash(
            block["header"]["chain_id"], VoteKind.PRECOMMIT, height, commit["round"], bytes.fromhex(block["hash"])
        )
        keys = {row["name"]: bytes.fromhex(row["key"]) for row in self.validators}
        found = []
        for signature in filter(None, commit["signatures"]):
            name = next((name for name, key in keys.items() if verify(key, signed, bytes.fromhex(signature))), None)
            assert name is not None, f"block {height}: a signature in its commit is of no validator"
            found.append(name)
            del keys[name]
        return tuple(found)

    def jailed(self) -> list[str]:
        """Names of the validators that are in jail."""
        return [row["name"] for row in self.validators if row["is_jailed"]]

    def proposals(self) -> Counter[str]:
        """Blocks proposed, by name."""
        return Counter(self.names.get(block.proposer, block.proposer) for block in self.blocks)

    def signatures(self, above: int = 0) -> Counter[str]:
        """Precommits in commits of blocks above a height, by name."""
        return Counter(name for block in self.blocks[above:] for name in block.signers)
