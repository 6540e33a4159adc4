"""The libp2p stack of a node, assembled from py-libp2p's parts: TCP, private network key, Noise, Yamux, one stream.

A connection is made in this order, all of it within the handshake timeout; whoever fails a step is closed.

    1  TCP                      door.py: bounded number of inbound handshakes, each address pays for its own
    2  private network key      Salsa20 with the psk: bytes of a stranger are noise, and end at the first
    3  multistream, Noise XX    both sides prove their Ed25519 key
    4  gate                     the key must be admitted; a dialed peer must hold the key it was dialed for
    5  multistream, Yamux       one muxer
    6  one stream               the dialer opens it with `PROTOCOL`; everything else travels on it

py-libp2p's `Swarm` and `BasicHost` are not used; the chapter says why. Whatever libp2p raises is caught here and leaves
as `HandshakeFailed` or `ConnectionLost`, so that the network's own tasks need no blind `except`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import trio
from libp2p.abc import ISecureConn
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.crypto.x25519 import create_new_key_pair as create_noise_key_pair
from libp2p.custom_types import TProtocol
from libp2p.peer.id import ID
from libp2p.protocol_muxer.multiselect import Multiselect
from libp2p.protocol_muxer.multiselect_client import MultiselectClient
from libp2p.protocol_muxer.multiselect_communicator import MultiselectCommunicator
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE_PROTOCOL
from libp2p.security.noise.transport import Transport as NoiseTransport
from libp2p.stream_muxer.yamux.yamux import DEFAULT_WINDOW_SIZE, Yamux, YamuxStream
from libp2p.stream_muxer.yamux.yamux import PROTOCOL_ID as YAMUX_PROTOCOL
from libp2p.transport.upgrader import TransportUpgrader

from gridnode.network.allowance import Allowance
from gridnode.network.config import Endpoint, NetworkConfig
from gridnode.network.door import Door, Proof, Visitor
from gridnode.network.permission import peer_id_of, peer_key_of
from gridnode.network.session import (
    MAX_STREAMS,
    WINDOW_BYTES,
    PacedSession,
    PlainStream,
    PrivateConnection,
    Wire,
)
from gridnode.primitives.errors import OperatorError, PeerFault
from gridnode.primitives.limits import MAX_WAITING_CONNECTIONS

PROTOCOL = TProtocol("/gridnode/link/1")
"""Name of our protocol on a Yamux stream; a change of frames.py that old nodes cannot read counts it up."""
READ_BYTES = 128 * 1024


T = TypeVar("T")


class HandshakeFailed(Exception):
    """No link came about; the text says at which step. Ordinary: peers restart, strangers knock."""


class ConnectionLost(Exception):
    """The link broke; the text says what libp2p reported."""


def quiet_libp2p() -> None:
    """Keep py-libp2p off stderr: it logs every lost connection as a warning, and whatever matters is reported by us."""
    logger = logging.getLogger("libp2p")
    logger.handlers = [logging.NullHandler()]
    logger.propagate = False
    logger.setLevel(logging.CRITICAL)


class Connection:
    """The one stream between this node and an admitted peer: an ordered, authenticated, encrypted byte stream."""

    def __init__(self, stream: PlainStream, session: PacedSession, peer_key: bytes, dialed: bool) -> None:
        """A negotiated stream to the holder of `peer_key`; `dialed` when this node opened the connection."""
        self.peer_key = peer_key
        """Ed25519 public key the peer has proven."""
        self.dialed = dialed
        """True when this node dialed, False when the peer did."""
        self.address = session.get_remote_address()
        """Host and port of the peer's socket, None when it is gone already."""
        self._stream = stream
        self._session = session
        self._unacknowledged = 0

    async def read(self) -> bytes:
        """Some bytes, at least one. Raises `ConnectionLost` at the end of the stream."""
        try:
            data = await self._stream.read(READ_BYTES)
            self._unacknowledged += len(data)
            if self._unacknowledged >= WINDOW_BYTES // 2:
                await self._stream.grant(self._unacknowledged)
                self._unacknowledged = 0
        except Exception as error:
            raise ConnectionLost(_reason(error)) from error
        if not data:
            raise ConnectionLost("end of stream")
        return data

    async def write(self, data: bytes) -> None:
        """Send all of `data`; waits while the peer's window is full. Raises `ConnectionLost`."""
        try:
            await self._stream.write(data)
        except Exception as error:
            raise ConnectionLost(_reason(error)) from error

    def pause(self, pause_ms: int) -> None:
        """Read nothing from the peer for so long."""
        self._session.pause(pause_ms)

    @property
    def fault(self) -> PeerFault | None:
        """What the peer did that broke the connection, below the frames; None when it was nothing."""
        return self._session.fault


Serve = Callable[[Connection], Awaitable[None]]
"""What is done with a connection; it is closed when this returns."""


class Host:
    """Makes connections, in both directions, to admitted peers only."""

    def __init__(
        self, config: NetworkConfig, gate: Callable[[bytes, bool], Allowance | None], clock_ms: Callable[[], int]
    ) -> None:
        """Assemble the stack; nothing is opened yet. `gate(peer_key, dialed)` says who may enter and what it is charged to."""
        quiet_libp2p()
        key_pair = create_new_key_pair(config.seed)
        noise = NoiseTransport(key_pair, noise_privkey=create_noise_key_pair().private_key)
        self._upgrader = TransportUpgrader({NOISE_PROTOCOL: noise}, {TProtocol(YAMUX_PROTOCOL): Yamux})
        self._gate = gate
        self._limits = config.limits
        self._psk = config.psk.hex()
        self._clock_ms = clock_ms
        self.door = Door(config.limits, clock_ms)
        """Who waits to be let in."""

    async def listen(self, host: str, port: int) -> Sequence[trio.SocketListener]:
        """Open the listening sockets. Raises `OperatorError` when the address is taken or not ours."""
        try:
            return await trio.open_tcp_listeners(port, host=host, backlog=MAX_WAITING_CONNECTIONS)
        except OSError as error:
            raise OperatorError(f"network: cannot listen on {host} port {port}: {error}") from error

    async def accept(self, visitor: Visitor, serve: Serve) -> None:
        """Make the listener's side of a connection and `serve` it. Raises `HandshakeFailed`."""

        def prove(proof: Proof) -> None:
            visitor.proof = max(visitor.proof, proof)

        try:
            await self._run(visitor.stream, None, serve, prove, lambda: self.door.leave(visitor, linked=True))
        finally:
            self.door.leave(visitor, linked=False)

    async def dial(self, endpoint: Endpoint, serve: Serve) -> None:
        """Make the dialer's side of a connection and `serve` it. Raises `HandshakeFailed`."""
        try:
            with trio.fail_after(self._limits.handshake_timeout_ms / 1000):
                socket = await trio.open_tcp_stream(endpoint.host, endpoint.port)
        except (OSError, trio.TooSlowError) as error:
            raise HandshakeFailed(f"connect: {_reason(error)}") from error
        await self._run(socket, endpoint.peer_key, serve, lambda _proof: None, lambda: None)

    async def _run(
        self,
        socket: trio.SocketStream,
        expected: bytes | None,
        serve: Serve,
        prove: Callable[[Proof], None],
        made: Callable[[], None],
    ) -> None:
        """Upgrade `socket`, `serve` the connection, close it. Raises `HandshakeFailed`."""
        deadline = trio.current_time() + self._limits.handshake_timeout_ms / 1000
        connection: Connection | None = None
        failure = ""
        try:
            session, peer_key = await self._secure(socket, expected, prove, deadline)
            prove(Proof.LICENCE)
            muxer = await self._mux(session, deadline)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_run_muxer, muxer)
                try:
                    connection = await self._open_stream(muxer, session, peer_key, deadline)
                except HandshakeFailed as error:
                    failure = str(error)
                if connection is not None:
                    made()
                    await serve(connection)
                nursery.cancel_scope.cancel()
        finally:
            await trio.aclose_forcefully(socket)
        if connection is None:
            raise HandshakeFailed(failure)

    async def _secure(
        self,
        socket: trio.SocketStream,
        expected: bytes | None,
        prove: Callable[[Proof], None],
        deadline: float,
    ) -> tuple[PacedSession, bytes]:
        """Steps 2 to 4: the session and the peer's key."""
        dialed = expected is not None
        expected_id = ID(peer_id_of(expected)) if expected is not None else None

        async def upgrade() -> ISecureConn:
            wire = Wire(socket, dialed, self._limits, self._clock_ms)
            private = PrivateConnection(wire, self._psk, lambda: prove(Proof.NETWORK_KEY))
            return await self._upgrader.upgrade_security(private, dialed, expected_id)

        secured = await _within(deadline, "noise", upgrade)
        peer_key = peer_key_of(secured.get_remote_peer().to_bytes())
        allowance = None if peer_key is None else self._gate(peer_key, dialed)
        if peer_key is None or allowance is None:
            raise HandshakeFailed(f"gate: {secured.get_remote_peer()} is not admitted")
        return PacedSession(secured, allowance, self._clock_ms), peer_key

    async def _mux(self, session: PacedSession, deadline: float) -> Yamux:
        """Step 5."""
        muxer = await _within(
            deadline, "muxer", lambda: self._upgrader.upgrade_connection(session, session.get_remote_peer())
        )
        if not isinstance(muxer, Yamux):
            raise HandshakeFailed("muxer: not Yamux")
        session.watch(muxer)
        return muxer

    async def _open_stream(
        self, muxer: Yamux, session: PacedSession, peer_key: bytes, deadline: float
    ) -> Connection:
        """Step 6."""
        dialed = session.is_initiator

        async def negotiate() -> PlainStream:
            await muxer.event_started.wait()
            stream = await (_offer_stream(muxer) if dialed else _accept_stream(muxer))
            await stream.grant(WINDOW_BYTES - DEFAULT_WINDOW_SIZE)
            return stream

        stream = await _within(deadline, "stream", negotiate)
        return Connection(stream, session, peer_key, dialed)


async def _offer_stream(muxer: Yamux) -> PlainStream:
    """The dialer's half of step 6."""
    stream = PlainStream(await muxer.open_stream())
    await MultiselectClient().select_one_of([PROTOCOL], MultiselectCommunicator(stream))
    return stream


async def _accept_stream(muxer: Yamux) -> PlainStream:
    """The listener's half of step 6. A foreign libp2p host asks for its own protocols first; it is told no."""
    multiselect = Multiselect()
    multiselect.add_handler(PROTOCOL, None)
    for _ in range(MAX_STREAMS):
        muxed = await muxer.accept_stream()
        assert isinstance(muxed, YamuxStream)
        stream = PlainStream(muxed)
        try:
            await multiselect.negotiate(MultiselectCommunicator(stream))
        except Exception:  # noqa: BLE001  libp2p code only; the next stream may be the one
            await muxed.reset()
        else:
            return stream
    raise HandshakeFailed("stream: too many of foreign protocols")


async def _run_muxer(muxer: Yamux) -> None:
    """Run Yamux; when it ends the stream reads as ended, which is where a lost connection shows."""
    try:
        await muxer.start()
    except Exception:
        logging.getLogger(__name__).debug("yamux of %s failed", muxer.peer_id, exc_info=True)
        await muxer.close()


async def _within(deadline: float, step: str, action: Callable[[], Awaitable[T]]) -> T:
    """The result of `action`, which is libp2p code. Raises `HandshakeFailed` at the deadline and for any error."""
    try:
        with trio.fail_at(deadline):
            return await action()
    except HandshakeFailed:
        raise
    except Exception as error:
        raise HandshakeFailed(f"{step}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """One line about `error`: its text, or its name when it has none."""
    return str(error).split("\n", 1)[0] or type(error).__name__
