"""`Network`: the whole of the package behind one interface."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import trio

from gridnode.network.config import Channel, NetworkConfig
from gridnode.network.door import DoorStats
from gridnode.network.frames import FrameKind, decode_channel, encode_frame
from gridnode.network.gossip import Flood, decode_neighbours, encode_neighbours
from gridnode.network.lean import lighten_libp2p
from gridnode.network.peers import Peer, PeerStats, PeerTable, Sentence
from gridnode.network.permission import AdmittedPeers
from gridnode.network.queues import Urgency
from gridnode.network.requests import MAX_REQUEST_BYTES, Answerer, Asker, PeerUnavailable
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.offences import NOISE, Offence

log = logging.getLogger(__name__)

_URGENCY = {
    Channel.CONSENSUS: Urgency.CONTROL,
    Channel.SYNC: Urgency.SYNC,
    Channel.TRANSACTIONS: Urgency.TRANSACTIONS,
}


def sequence_of(clock_ms: int) -> int:
    """The sequence of floods that belongs to a time: room for a million in each millisecond."""
    return clock_ms << 20


class TaskStatus(Protocol):
    """How trio's `nursery.start` learns that a task is ready. (The stubs that come with libp2p lack trio's own type.)"""

    def started(self, value: int) -> None:
        """Tell the value `nursery.start` returns."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the node does with what arrives.

    The synchronous ones run between two reads of a link: they must be quick and must not block. Each may raise
    `PeerFault` against the peer whose key it was given; anything else it raises is our own fault and ends the network.
    """

    on_message: Callable[[bytes, Channel, bytes], None]
    """(author's key, channel, payload): of `send`, `broadcast` and `flood`, in order per author, path and channel."""
    on_gossip: Callable[[bytes, bytes], None]
    """(author's key, payload) of `publish`: once each."""
    on_request: Callable[[bytes, int, bytes], Awaitable[bytes]]
    """(peer's key, kind, payload) -> the answer, at most MAX_RESPONSE_BYTES. Runs in its own task."""
    on_connect: Callable[[bytes], None]
    """(peer's key): messages can be sent to it."""
    on_disconnect: Callable[[bytes], None]
    """(peer's key): the link is gone, and with it whatever waited to be sent."""


class Network:
    """This node's links to the other licensed nodes."""

    def __init__(
        self,
        config: NetworkConfig,
        handlers: Handlers,
        clock_ms: Callable[[], int],
        first_sequence: int | None = None,
        on_ban: Callable[[], None] = lambda: None,
    ) -> None:
        """Assemble; nothing is opened before `run`.

        `clock_ms` is the node's clock in unix ms. `first_sequence` is above all sequences of floods that its key used before, the
        clock's when not given. `on_ban` is called when a peer was banned: `sentences` has changed.
        """
        # Importing py-libp2p takes a third of a second, and much more whole; commands that open no network should not pay it.
        lighten_libp2p()
        from gridnode.network.mesh import Mesh

        self.port = config.listen_port
        """TCP port listened on; the real one once `run` has started."""
        self._limits = config.limits
        self._handlers = handlers
        self._clock_ms = clock_ms
        self._on_ban = on_ban
        self._table = PeerTable(config.limits, clock_ms())
        self._asker = Asker(config.limits, self._blame)
        self._answerer: Answerer | None = None
        self._flood = Flood(
            config.seed,
            is_heard=self._is_heard,
            may_flood=lambda key, channel, size: self._peer(key).allowance.has_room(channel, size, clock_ms()),
            linked=lambda: self._mesh.linked(),
            send=lambda peer, channel, frame: self._put(peer, _URGENCY[channel], frame),
            on_fault=self._blame,
            first_sequence=sequence_of(clock_ms()) if first_sequence is None else first_sequence,
        )
        self._admitted = AdmittedPeers(config.admitted, self.peer_key)
        self._mesh = Mesh(
            config,
            self.peer_key,
            self._admitted,
            clock_ms,
            self._peer,
            lambda peer, _kind, body: self._asker.awaits(peer, body),
            self._receive,
            self._blame,
            self._on_change,
        )

    @property
    def peer_key(self) -> bytes:
        """Ed25519 public key of this node."""
        return self._flood.own_key

    async def run(self, task_status: TaskStatus = trio.TASK_STATUS_IGNORED) -> None:
        """Listen, dial and read until cancelled; `await nursery.start(network.run)` returns the port listened on.

        Raises `OperatorError` when it cannot listen. A peer's misbehaviour never raises; an error of our own code, the
        handlers' included, does.
        """
        listeners = await self._mesh.listen()
        self.port = listeners[0].socket.getsockname()[1]
        async with trio.open_nursery() as nursery:
            self._answerer = Answerer(
                self._limits, nursery, self._handlers.on_request, self._blame, self._clock_ms
            )
            nursery.start_soon(self._mesh.run, listeners)
            task_status.started(self.port)

    def send(self, peer_key: bytes, channel: Channel, payload: bytes) -> bool:
        """Queue `payload` for one peer; False when it is not linked. Never waits; may be lost, never reordered."""
        link = self._mesh.links.get(peer_key)
        if link is None:
            return False
        self._put(link.peer, _URGENCY[channel], encode_frame(FrameKind.MESSAGE, bytes((channel,)), payload))
        return True

    def broadcast(self, channel: Channel, payload: bytes) -> None:
        """Queue `payload` for every linked peer; they do not pass it on."""
        frame = encode_frame(FrameKind.MESSAGE, bytes((channel,)), payload)
        for link in self._mesh.links.values():
            self._put(link.peer, _URGENCY[channel], frame)

    def flood(self, channel: Channel, payload: bytes) -> None:
        """Send `payload` to every node, also those not linked to this one; each gets it once, with our key as author."""
        self._flood.publish(channel, payload)

    def publish(self, payload: bytes) -> None:
        """Flood a batch of transactions, at most MAX_GOSSIP_FRAME_BYTES."""
        self._flood.publish(Channel.TRANSACTIONS, payload)

    async def request(self, peer_key: bytes, kind: int, payload: bytes, timeout_ms: int) -> bytes:
        """Ask one peer. Raises `PeerUnavailable` when it is not linked, goes away or refuses, `PeerFault` when it does not
        answer in time or answers more than MAX_RESPONSE_BYTES."""
        link = self._mesh.links.get(peer_key)
        if link is None:
            raise PeerUnavailable(f"{self._admitted.name(peer_key)} is not linked")
        if len(payload) > MAX_REQUEST_BYTES or not 0 <= kind <= 255:
            raise ValueError(f"a request of kind {kind} with {len(payload)} bytes")
        return await self._asker.ask(link.peer, kind, payload, timeout_ms)

    def connected(self) -> list[bytes]:
        """Keys of the linked peers, sorted."""
        return sorted(self._mesh.links)

    def report(self, peer_key: bytes, fault: PeerFault) -> None:
        """Lower a peer's score for what the node found wrong in its messages; at 0 it is banned and its link closed."""
        if peer_key in self._admitted:
            self._blame(self._peer(peer_key), fault)

    def admit(self, admitted: Mapping[bytes, str]) -> None:
        """Replace the licensed keys; links to peers that lost their licence are closed. Raises `OperatorError`."""
        removed = self._admitted.replace(admitted)
        self._table.forget(removed)
        self._flood.forget(removed)
        for peer_key in removed:
            self._mesh.close(peer_key)
        self._mesh.wake()

    def prefer(self, peer_keys: Iterable[bytes]) -> None:
        """The validators' nodes, from now on: they always find a place, and no other peer's load holds them up."""
        self._mesh.preferred = self._table.shared.preferred = frozenset(peer_keys)

    def sentences(self) -> tuple[Sentence, ...]:
        """The last bans, for a node that restarts."""
        return self._table.sentences()

    def serve(self, sentences: Iterable[Sentence]) -> None:
        """Go on with bans from before a restart; those of peers without a licence are forgotten."""
        for sentence in sentences:
            if sentence.peer_key in self._admitted:
                self._peer(sentence.peer_key).serve(sentence, self._clock_ms())

    def door_stats(self) -> DoorStats:
        """What has come to the door since the start: connections by what became of them."""
        return self._mesh.door

    def peer_stats(self) -> list[PeerStats]:
        """What is known of every peer that was ever linked or reported, sorted by key."""
        return [self._stats(peer) for peer in self._table.known()]

    def _stats(self, peer: Peer) -> PeerStats:
        """One row of `peer_stats`."""
        now_ms = self._clock_ms()
        link = self._mesh.links.get(peer.key)
        return PeerStats(
            peer_key=peer.key,
            name=self._admitted.name(peer.key),
            direction="none" if link is None else link.direction,
            score=peer.score(now_ms),
            banned_until_ms=peer.banned_until_ms if peer.is_banned(now_ms) else 0,
            banned_for=peer.banned_for,
            bans=peer.bans(now_ms),
            faults=peer.faults,
            last_fault=peer.last_fault,
            preferred=peer.key in self._mesh.preferred,
            held_up_ms=peer.allowance.held_up_ms,
            excess=peer.allowance.excess,
            round_trip_us=peer.round_trip_us,
            messages_in=peer.messages_in,
            messages_out=peer.messages_out,
            bytes_in=peer.bytes_in,
            bytes_out=peer.bytes_out,
            dropped=peer.dropped,
        )

    def _peer(self, peer_key: bytes) -> Peer:
        """The record of an admitted peer."""
        return self._table.get(peer_key, self._clock_ms())

    def _is_heard(self, peer_key: bytes) -> bool:
        """Whether a flood of this author is listened to, by whatever path it comes."""
        return peer_key in self._admitted and not self._peer(peer_key).is_banned(self._clock_ms())

    def _put(self, peer: Peer, urgency: Urgency, frame: bytes) -> None:
        """Queue a frame; count what it pushed out."""
        peer.dropped += peer.queue.put(urgency, frame)

    def _blame(self, peer: Peer, fault: PeerFault) -> None:
        """Punish a fault; a banned peer loses its link."""
        if fault.weight == 0:
            return
        was_banned = peer.is_banned(self._clock_ms())
        banned = peer.punish(fault, self._clock_ms())
        if was_banned:
            return
        name = self._admitted.name(peer.key)
        values = {"name": name, "weight": fault.weight, "banned": banned, "reason": fault.reason}
        # Noise can come by the thousand, and what is written costs more than it; a ban is written once.
        log.log(logging.INFO if banned or fault.weight > NOISE else logging.DEBUG, "peer fault", extra={"values": values})
        if banned:
            self._mesh.close(peer.key)
            self._on_ban()

    def _on_change(self, peer: Peer, linked: bool) -> None:
        """A peer came or went: tell the node and the neighbours."""
        if linked:
            self._asker.on_connect(peer)
            self._handlers.on_connect(peer.key)
        else:
            self._asker.on_disconnect(peer.key)
            self._handlers.on_disconnect(peer.key)
        frame = encode_neighbours(self._mesh.links)
        for other in self._mesh.linked():
            self._put(other, Urgency.CONTROL, frame)

    def _receive(self, peer: Peer, kind: FrameKind, body: bytes) -> None:
        """Hand one frame to whom it concerns. Raises `PeerFault` against `peer`."""
        if kind is FrameKind.MESSAGE:
            if not body:
                raise PeerFault.of(Offence.BAD_FRAME, "a message without a channel")
            channel = decode_channel(body[0])
            if peer.allowance.has_room(channel, len(body), self._clock_ms()):
                self._deliver(peer.key, channel, body[1:])
        elif kind is FrameKind.FLOOD:
            message = self._flood.receive(peer, body)
            if message is not None:
                self._deliver_flood(*message)
        elif kind is FrameKind.RESPONSE:
            self._asker.on_response(peer, body)
        elif kind is FrameKind.REQUEST and self._answerer is not None:
            self._answerer.on_request(peer, body)
        elif kind is FrameKind.NEIGHBOURS:
            peer.neighbours = decode_neighbours(body)

    def _deliver(self, author: bytes, channel: Channel, payload: bytes) -> None:
        """Give a message to the node; what it finds wrong is blamed on the author."""
        try:
            self._handlers.on_message(author, channel, payload)
        except PeerFault as fault:
            self._blame(self._peer(author), fault)

    def _deliver_flood(self, author: bytes, channel: Channel, payload: bytes) -> None:
        """Give a flooded message to the node."""
        if channel is not Channel.TRANSACTIONS:
            self._deliver(author, channel, payload)
            return
        try:
            self._handlers.on_gossip(author, payload)
        except PeerFault as fault:
            self._blame(self._peer(author), fault)
