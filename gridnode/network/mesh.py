"""The mesh: which links exist. One per peer, none to the unlicensed or banned, all configured peers dialed until they answer.

When two nodes dial each other at once, two connections come about. Both sides keep the one that the node with the smaller key
dialed, so they agree without a word. A second connection dialed by the same side replaces the first: who dials again has
lost the old one, even if it still looks alive from here.
"""

from __future__ import annotations

import errno
import logging
import random
from collections.abc import Callable, Sequence

import trio

from gridnode.network.allowance import Allowance
from gridnode.network.config import Endpoint, NetworkConfig, NetworkLimits
from gridnode.network.door import DoorStats, Visitor
from gridnode.network.host import Connection, HandshakeFailed, Host
from gridnode.network.links import IsSolicited, Link, OnFault, OnFrame
from gridnode.network.peers import Peer
from gridnode.network.permission import AdmittedPeers
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.offences import Offence

log = logging.getLogger(__name__)

_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""Errors of the system that are over when connections have been closed."""
_NO_ROOM_PAUSE_S = 0.1
_STABLE_S = 30.0
"""A link that lasted so long, whoever dialed it, starts the backoff anew."""


class Backoff:
    """Pauses between dials: doubling from the first to the cap, each shortened by up to a quarter by chance.

    Chance keeps nodes that lost each other at the same moment from dialing each other at the same moment for ever.
    """

    def __init__(self, limits: NetworkLimits) -> None:
        """Start with the first pause."""
        self._first_s = limits.backoff_first_ms / 1000
        self._cap_s = limits.backoff_cap_ms / 1000
        self._next_s = self._first_s

    def pause_s(self) -> float:
        """The next pause in seconds."""
        pause_s = self._next_s
        self._next_s = min(self._cap_s, 2 * pause_s)
        return pause_s * random.uniform(0.75, 1.0)

    def reset(self) -> None:
        """The peer was there: begin with the first pause again."""
        self._next_s = self._first_s


class Mesh:
    """Accepts, dials, and keeps one link per peer."""

    def __init__(
        self,
        config: NetworkConfig,
        own_key: bytes,
        admitted: AdmittedPeers,
        clock_ms: Callable[[], int],
        peer_of: Callable[[bytes], Peer],
        is_solicited: IsSolicited,
        on_frame: OnFrame,
        on_fault: OnFault,
        on_change: Callable[[Peer, bool], None],
    ) -> None:
        """`on_change(peer, linked)` is called when a peer gets its first link and when it has none any more."""
        self.links: dict[bytes, Link] = {}
        """Key of each linked peer -> its link."""
        self._config = config
        self._own_key = own_key
        self._admitted = admitted
        self._clock_ms = clock_ms
        self._peer_of = peer_of
        self._is_solicited = is_solicited
        self._on_frame = on_frame
        self._on_fault = on_fault
        self._on_change = on_change
        self._host = Host(config, self._allowance_of, clock_ms)
        self.preferred: frozenset[bytes] = frozenset()
        """Keys of peers that always find a place."""
        self._changed = trio.Event()

    def linked(self) -> list[Peer]:
        """The linked peers, in the order they came."""
        return [link.peer for link in self.links.values()]

    def close(self, peer_key: bytes) -> None:
        """Close the link to a peer, if there is one; `on_change` follows once its tasks have ended."""
        link = self.links.get(peer_key)
        if link is not None:
            link.close()

    def wake(self) -> None:
        """Licences or links have changed: dialers that wait look again."""
        self._changed.set()
        self._changed = trio.Event()

    async def listen(self) -> Sequence[trio.SocketListener]:
        """Open the listening sockets. Raises `OperatorError`."""
        return await self._host.listen(self._config.listen_host, self._config.listen_port)

    async def run(self, listeners: Sequence[trio.SocketListener]) -> None:
        """Accept and dial until cancelled."""
        async with trio.open_nursery() as nursery:
            for endpoint in self._config.peers:
                if endpoint.peer_key != self._own_key:
                    nursery.start_soon(self._keep_dialing, endpoint)
            for listener in listeners:
                nursery.start_soon(self._listen, listener, nursery)

    @property
    def door(self) -> DoorStats:
        """What has come to the door since the start."""
        return self._host.door.stats

    async def _listen(self, listener: trio.SocketListener, nursery: trio.Nursery) -> None:
        """Accept connections until cancelled, no faster than the door allows."""
        async with listener:
            while True:
                try:
                    stream = await listener.accept()
                except OSError as error:
                    if error.errno not in _NO_ROOM:
                        raise
                    log.warning("no room for connections", extra={"values": {"reason": error}})
                    await trio.sleep(_NO_ROOM_PAUSE_S)
                    continue
                visitor = self._host.door.knock(stream)
                if visitor is not None:
                    nursery.start_soon(self._accept, visitor)
                await trio.sleep(self._host.door.pause_s())

    async def _accept(self, visitor: Visitor) -> None:
        """One inbound TCP connection, from its first byte to its last."""
        try:
            await self._host.accept(visitor, self._serve)
        except HandshakeFailed as failure:
            log.debug("inbound refused", extra={"values": {"reason": failure}})

    async def _keep_dialing(self, endpoint: Endpoint) -> None:
        """Dial one configured peer whenever it is not linked but may be."""
        backoff = Backoff(self._config.limits)
        while True:
            waiting = trio.current_time()
            await self._until_wanted(endpoint.peer_key)
            dialing = trio.current_time()
            try:
                await self._host.dial(endpoint, self._serve)
            except HandshakeFailed as failure:
                name = self._admitted.name(endpoint.peer_key)
                log.debug("dial failed", extra={"values": {"name": name, "reason": failure}})
            if max(dialing - waiting, trio.current_time() - dialing) > _STABLE_S:
                backoff.reset()
            await trio.sleep(backoff.pause_s())

    async def _until_wanted(self, peer_key: bytes) -> None:
        """Return when the peer is not linked and neither unlicensed nor banned."""
        while True:
            if peer_key in self.links or peer_key not in self._admitted:
                await self._changed.wait()
                continue
            ban_ms = self._peer_of(peer_key).banned_until_ms - self._clock_ms()
            if ban_ms <= 0:
                return
            await trio.sleep(ban_ms / 1000)

    async def _serve(self, connection: Connection) -> None:
        """Make `connection` the link of its peer, unless a better one is there, and run it to its end."""
        if not self._may_join(connection):
            return
        peer = self._peer_of(connection.peer_key)
        link = Link(
            peer,
            connection,
            self._config.limits,
            self._clock_ms,
            self._is_solicited,
            self._on_frame,
            self._on_fault,
        )
        former = self.links.get(peer.key)
        if former is None:
            self._make_room(peer.key)
        self.links[peer.key] = link
        if former is None:
            peer.epoch += 1
            values = {"name": self._admitted.name(peer.key), "direction": link.direction}
            log.info("peer linked", extra={"values": values})
            self._on_change(peer, True)
        else:
            former.close()
        try:
            await link.run()
        finally:
            if self.links.get(peer.key) is link:
                self._leave(peer, link)

    def _may_join(self, connection: Connection) -> bool:
        """Whether `connection` may become a link, here and now; licences and bans may have changed since the gate."""
        key = connection.peer_key
        if not self._is_welcome(key):
            return False
        present = self.links.get(key)
        if present is None:
            return len(self.links) < self._config.limits.max_peers or self._least(key) is not None
        return present.dialed == connection.dialed or connection.dialed == (self._own_key < key)

    def _least(self, newcomer: bytes) -> Link | None:
        """Whose place a newcomer gets when all are taken: the latest link that is not preferred, for a preferred one only."""
        if newcomer not in self.preferred:
            return None
        others = (link for key, link in reversed(self.links.items()) if key not in self.preferred)
        return next((link for link in others if not link.closing), None)

    def _make_room(self, newcomer: bytes) -> None:
        """Close a link when there is one too many for `newcomer`; `_may_join` has seen that there is one to close."""
        if len(self.links) < self._config.limits.max_peers:
            return
        least = self._least(newcomer)
        assert least is not None, "seen by _may_join in the same step"
        least.reason = "a validator needs the place"
        least.close()

    def _is_welcome(self, peer_key: bytes) -> bool:
        """Licensed and not banned."""
        return peer_key in self._admitted and not self._peer_of(peer_key).is_banned(self._clock_ms())

    def _allowance_of(self, peer_key: bytes, dialed: bool) -> Allowance | None:
        """The gate: who is welcome, and does not come too often."""
        if not self._is_welcome(peer_key):
            return None
        peer = self._peer_of(peer_key)
        if not dialed and not peer.allowance.may_link(self._clock_ms()):
            self._on_fault(peer, PeerFault.of(Offence.TOO_MANY_LINKS))
            return None
        return peer.allowance

    def _leave(self, peer: Peer, link: Link) -> None:
        """The last link of `peer` has ended."""
        del self.links[peer.key]
        peer.epoch += 1
        peer.dropped += peer.queue.clear()
        peer.neighbours = frozenset()
        values = {"name": self._admitted.name(peer.key), "direction": link.direction, "reason": link.reason or "closed"}
        log.info("peer lost", extra={"values": values})
        self._on_change(peer, False)
        self.wake()
