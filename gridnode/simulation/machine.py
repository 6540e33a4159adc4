"""A simulated machine: what outlives a node's life (disk, clock, key), and the node's surroundings while it lives."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from pathlib import Path
from random import Random
from typing import Final, Protocol

from gridnode.chain.commit import Commit
from gridnode.chain.evidence import Evidence
from gridnode.chain.vote import Proposal, Vote
from gridnode.consensus import effects as fx
from gridnode.consensus.inputs import Input
from gridnode.consensus.summary import Summary
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import KeyPair
from gridnode.execution.executed import Executed
from gridnode.node.duty import Duty
from gridnode.node.wire import to_wire
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.ids import Address
from gridnode.signer.signs import OwnKey
from gridnode.simulation.disk import Disk
from gridnode.simulation.kernel import Clock, Died, Life
from gridnode.simulation.links import Links
from gridnode.simulation.node import Node
from gridnode.simulation.setting import Chain
from gridnode.storage.sign_guard import SignGuard
from gridnode.sync.messages import ProposedBlock

GUARD: Final = Path("guard")


class Watch(Protocol):
    """Who looks on: checkers and trace."""

    def hears(self, machine: Machine, event: Input) -> None:
        """A node's engine takes an input."""
        ...

    def performs(self, machine: Machine, effects: Iterable[fx.Effect]) -> None:
        """A node's engine asks for effects."""
        ...

    def speaks(self, machine: Machine, message: ProposedBlock | Vote | Commit) -> None:
        """A node sends a message to all."""
        ...

    def resumed(self, machine: Machine, height: int, last_signed: Vote | Proposal | None, signs: bool) -> None:
        """A node has replayed its log of `height`."""
        ...

    def stores(self, machine: Machine, executed: Executed) -> None:
        """A node has stored a block."""
        ...

    def blames(self, machine: Machine, peer: bytes, fault: PeerFault) -> None:
        """A node finds a peer at fault."""
        ...

    def stops(self, machine: Machine, error: BaseException) -> None:
        """A node has ended with an error."""
        ...


class Machine:
    """One machine of the network, honest."""

    def __init__(
        self,
        number: int,
        name: str,
        keys: KeyPair,
        chain: Chain,
        clock: Clock,
        links: Links,
        peer_of: dict[Address, bytes],
        watch: Watch,
        random: Random,
        slow_percent: int,
    ) -> None:
        self.number = number
        self.name = name
        self.keys = keys
        self.address = address_of(keys.public_key)
        self.peer_key = bytes([number + 1]) * 32
        self.is_honest = True
        self.is_gone = False
        self.side = 0
        self.clock = clock
        self.clock_offset_ms = 0
        self.peer_of = peer_of
        self.random = random
        self.disk = Disk(random, self.moment)
        self.disk.rows = chain.opening.copy(self.disk)
        self.life: Life | None = None
        self.node: Node | None = None
        self.lives = 0
        self.moments_left = 0
        self._chain = chain
        self._links = links
        self._watch = watch
        self._slow_percent = slow_percent
        links.join(self)

    # Life and death

    def start(self) -> None:
        """Start a node from what the disk holds."""
        self.lives += 1
        self.life = Life(self.clock, self._ended)
        self.life.guarded(self._begin)

    def _begin(self) -> None:
        assert self.life is not None
        self.node = self.new_node(self.life)
        self.node.run()
        self._links.link(self)

    def new_node(self, life: Life) -> Node:
        """The node, assembled."""
        return Node(self, self._chain.genesis, life)

    def stop(self) -> None:
        """The process is gone."""
        if self.life is not None:
            self.life.end()
            self.life = self.node = None
            self.moments_left = 0
            self._links.unlink(self)

    def _ended(self, life: Life, error: BaseException) -> None:
        if life is self.life:
            self.stop()
            self._watch.stops(self, error)

    def moment(self) -> None:
        """Something was done for good: the process may be killed here. Raises Died when it is to be."""
        if self.moments_left:
            self.moments_left -= 1
            if not self.moments_left:
                raise Died

    # The node's surroundings

    def wall_ms(self) -> int:
        """What its clock shows, unix ms."""
        return self._chain.genesis.time_ms + self.clock.now_ms + self.clock_offset_ms

    def execution_ms(self) -> int:
        """How long it is busy with the block at hand; mostly no time at all."""
        if not self._slow_percent or self._links.is_healed or self.random.randrange(100) >= self._slow_percent:
            return 0
        return self.random.randint(1, 60)

    def guard(self) -> SignGuard:
        """The key, opened. Raises OperatorError."""
        return SignGuard(GUARD, self._chain.genesis.chain_id, self.keys, self.disk)

    def duty(self, _signer: OwnKey) -> Duty | None:
        """One machine a validator: it signs whenever consensus lets it."""
        return None

    def hears(self, event: Input) -> None:
        """The engine takes an input."""
        self._watch.hears(self, event)

    def performs(self, effects: Iterable[fx.Effect]) -> None:
        """The engine asks for effects."""
        self._watch.performs(self, effects)

    def resumes(self, height: int, last_signed: Vote | Proposal | None, signs: bool) -> None:
        """The engine has replayed the log of `height`."""
        self._watch.resumed(self, height, last_signed, signs)

    def stored(self, executed: Executed) -> None:
        """A block is stored."""
        self._watch.stores(self, executed)

    def speak(self, message: ProposedBlock | Vote | Commit | Summary, to: bytes | None = None) -> None:
        """Send to one, or to all."""
        if not isinstance(message, Summary):
            self._watch.speaks(self, message)
        if to is None:
            self._links.flood(self, to_wire(message))
        else:
            self._links.send(self, to, to_wire(message))

    def accuse(self, evidence: Evidence) -> None:
        """Send evidence to all."""
        self._links.flood(self, to_wire(evidence))

    def broadcast(self, payload: bytes) -> None:
        """Tell all peers a status."""
        self._links.flood(self, payload)

    def publish(self, payload: bytes) -> None:
        """Gossip."""
        self._links.gossip(self, payload)

    def ask(self, peer: bytes, kind: int, payload: bytes, timeout_ms: int) -> Awaitable[bytes]:
        """Ask a peer."""
        return self._links.request(self, peer, kind, payload, timeout_ms)

    def report(self, peer: bytes, fault: PeerFault) -> None:
        """A peer is at fault."""
        self._watch.blames(self, peer, fault)

    # What the network brings

    def receive(self, peer: bytes, payload: bytes) -> None:
        """A message of consensus or sync."""
        if self.node is not None:
            self.node.heard(peer, payload)

    def receive_gossip(self, peer: bytes, payload: bytes) -> None:
        """Gossiped transactions."""
        if self.node is not None:
            self.node.gossiped(peer, payload)

    async def answer(self, peer: bytes, kind: int, payload: bytes) -> bytes:
        """Answer a request. Raises PeerFault."""
        assert self.node is not None, "a task of its life"
        return await self.node.ingress.request(peer, kind, payload)

    def receive_linked(self, peer: bytes) -> None:
        """A peer can be reached."""
        if self.node is not None:
            self.node.ingress.connected(peer)

    def receive_lost(self, peer: bytes) -> None:
        """A peer cannot be reached any more."""
        if self.node is not None:
            self.node.ingress.disconnected(peer)
