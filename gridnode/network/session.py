"""Thin layers inside the libp2p stack that bound what one connection may cost.

    TCP socket -> Wire -> PrivateConnection -> Noise -> PacedSession -> Yamux -> PlainStream, our one stream

`Wire` reads ahead: libp2p reads a Noise packet as two bytes and then the rest, two system calls a packet, and gives up on a
packet that arrives in more than a hundred pieces. `PrivateConnection` ends at the first byte that is not of this private network.
`PacedSession` sees every Yamux frame before Yamux does. Yamux of py-libp2p only warns when a peer ignores the receive window,
accepts any number of streams and answers any number of pings; here such a peer is slowed down or cut off, before the bytes
reach memory. `PlainStream` keeps the window small.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import trio
from libp2p.abc import ISecureConn
from libp2p.connection_types import ConnectionType
from libp2p.io.abc import ReadWriteCloser
from libp2p.io.exceptions import ConnectionClosedError
from libp2p.io.trio import TrioTCPStream
from libp2p.network.connection.raw_connection import RawConnection
from libp2p.security.base_session import BaseSession
from libp2p.security.pnet.psk_conn import PskConn
from libp2p.stream_muxer.yamux.yamux import (
    DEFAULT_WINDOW_SIZE,
    FLAG_SYN,
    HEADER_SIZE,
    TYPE_DATA,
    TYPE_GO_AWAY,
    TYPE_WINDOW_UPDATE,
    YAMUX_HEADER_FORMAT,
    Yamux,
    YamuxStream,
)

from gridnode.network.allowance import Allowance
from gridnode.network.buckets import TokenBucket
from gridnode.network.config import NetworkLimits
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.offences import Offence

READ_AHEAD_BYTES = 64 * 1024
GREETING = b"\x13/multistream/1.0.0\n"
"""The first bytes each side sends under the private network's key."""
_READ_PAUSE_MS = 10
"""Too many reads are followed by at least so long a pause, so that the next one finds more."""
WINDOW_BYTES = 1024 * 1024
"""Receive window of our stream: what a peer may have sent before it is read. 20 MB/s at 50 ms round trip."""
MAX_STREAMS = 8
"""Streams that a peer opens on one connection, ever; ours is one, a foreign libp2p host may try a few more. Below the 10 that
wait in Yamux to be accepted, beyond which it would stop reading altogether."""


class Wire(RawConnection):
    """A TCP connection that reads ahead and gives exactly what it is asked for.

    Whoever sends single bytes as fast as they are read would keep the node busy with system calls; beyond a number of them a
    second the wire waits a little, and the next call reads all that has come meanwhile.
    """

    def __init__(
        self,
        stream: trio.SocketStream,
        initiator: bool,
        limits: NetworkLimits,
        clock_ms: Callable[[], int],
    ) -> None:
        """Wrap a connected socket; `initiator` when this node dialed."""
        super().__init__(TrioTCPStream(stream), initiator)
        self._ahead = bytearray()
        self._clock_ms = clock_ms
        self._reads = TokenBucket(limits.socket_reads_per_s, limits.socket_reads_per_s, clock_ms())

    async def read(self, n: int | None = None) -> bytes:
        """`n` bytes, fewer only at the end of the connection; without `n` whatever is there."""
        ahead = self._ahead
        wanted = 1 if n is None else n
        while len(ahead) < wanted:
            pause_ms = self._reads.take(1, self._clock_ms())
            if pause_ms:
                await trio.sleep(max(pause_ms, _READ_PAUSE_MS) / 1000)
            chunk = await super().read(max(READ_AHEAD_BYTES, wanted - len(ahead)))
            if not chunk:
                break
            ahead += chunk
        taken = bytes(ahead[:n])
        del ahead[: len(taken)]
        return taken


class PrivateConnection(PskConn):
    """A connection under the private network's key that looks at the first words of the other side.

    Whoever has another key, or none, sends noise, in which a length of anything could be read and then waited for. Both sides begin
    with the same twenty bytes, so the first wrong one ends the connection.
    """

    def __init__(self, wire: Wire, psk: str, on_proven: Callable[[], None]) -> None:
        """Speak over `wire`; `on_proven` is called when the other side has shown that it knows `psk`."""
        super().__init__(wire, psk)
        self.is_initiator = wire.is_initiator
        self._missing = GREETING
        self._on_proven = on_proven

    async def read(self, n: int | None = None) -> bytes:
        """Bytes as the other side sent them. Raises `ConnectionClosedError` when its first ones are not a greeting."""
        data = await super().read(n)
        if self._missing and data:
            heard = data[: len(self._missing)]
            if not self._missing.startswith(heard):
                raise ConnectionClosedError("the other side is not of this private network")
            self._missing = self._missing[len(heard) :]
            if not self._missing:
                self._on_proven()
        return data


class PlainStream(ReadWriteCloser):
    """A Yamux stream that is read without Yamux's own window management.

    `YamuxStream.read` answers every read with a window update, and doubles the window with each read of the first
    milliseconds: the few bytes of a negotiation would open it to megabytes. Here the reader says what it grants.
    """

    def __init__(self, stream: YamuxStream) -> None:
        """Read and write `stream`."""
        self._stream = stream

    async def read(self, n: int | None = None) -> bytes:
        """At most `n` bytes, or whatever is there."""
        return await self._stream.conn.read_stream(self._stream.stream_id, -1 if n is None else n)

    async def write(self, data: bytes) -> None:
        """Send `data`; waits while the peer's window is full."""
        await self._stream.write(data)

    async def grant(self, increment: int) -> None:
        """Let the peer send `increment` bytes more."""
        self._stream.recv_window += increment
        await self._stream.send_window_update(increment)

    async def close(self) -> None:
        """Send no more."""
        await self._stream.close()

    def get_remote_address(self) -> tuple[str, int] | None:
        """Address and port of the peer's socket."""
        return self._stream.get_remote_address()


class PacedSession(BaseSession):
    """A secured connection that Yamux reads no faster, and holds no more of, than the limits allow.

    It reads the header of each Yamux frame before Yamux does. What no honest peer sends is kept as `fault` and ends the connection.
    """

    def __init__(self, inner: ISecureConn, allowance: Allowance, clock_ms: Callable[[], int]) -> None:
        """Stand between `inner` and the Yamux that `watch` names later; what is read is charged to `allowance`."""
        super().__init__(
            local_peer=inner.get_local_peer(),
            local_private_key=inner.get_local_private_key(),
            remote_peer=inner.get_remote_peer(),
            remote_permanent_pubkey=inner.get_remote_public_key(),
            is_initiator=inner.is_initiator,
        )
        self.fault: PeerFault | None = None
        """What the peer did that ended the connection; None when it was nothing."""
        self._inner = inner
        self._allowance = allowance
        self._clock_ms = clock_ms
        self._resume = 0.0
        self._muxer: Yamux | None = None
        self._body_left = 0
        self._opened = 0
        self._stray = 0

    def watch(self, muxer: Yamux) -> None:
        """Bound the streams and buffers of `muxer` from now on."""
        self._muxer = muxer

    def pause(self, pause_ms: int) -> None:
        """Read nothing for so long before the next Yamux frame; the peer's data waits in its own send buffer."""
        if pause_ms:
            self._resume = max(self._resume, trio.current_time() + pause_ms / 1000)

    async def read(self, n: int | None = None) -> bytes:
        """`n` bytes of the decrypted stream. Raises `ConnectionClosedError` when the peer exceeds a bound."""
        if self._muxer is None:
            return await self._read_some(n)
        if self._body_left:
            data = await self._read_some(min(self._body_left, n or self._body_left))
            self._body_left -= len(data)
            return data
        return await self._read_header()

    async def _read_some(self, n: int | None) -> bytes:
        """At most one Noise packet's bytes, accounted; waits first while the peer is beyond its allowance."""
        while trio.current_time() < self._resume:  # which may be put off meanwhile
            await trio.sleep_until(self._resume)
        data = await self._inner.read(n)
        self.pause(self._allowance.hear_packet(len(data), self._clock_ms()))
        return data

    async def _read_header(self) -> bytes:
        """The next Yamux header, whole and checked; fewer bytes only at the end of the connection."""
        header = b""
        while len(header) < HEADER_SIZE:
            piece = await self._read_some(HEADER_SIZE - len(header))
            if not piece:
                return header
            header += piece
        try:
            self._check(*struct.unpack(YAMUX_HEADER_FORMAT, header))
        except PeerFault as fault:
            self.fault = fault
            raise ConnectionClosedError(fault.reason) from fault
        return header

    def _check(self, version: int, kind: int, flags: int, stream_id: int, length: int) -> None:
        """Whether Yamux may see this frame. Raises `PeerFault`."""
        if version != 0 or kind > TYPE_GO_AWAY:
            raise PeerFault.of(Offence.BAD_YAMUX, f"version {version}, type {kind}")
        if kind not in (TYPE_DATA, TYPE_WINDOW_UPDATE):
            return
        assert self._muxer is not None, "checked by read"
        stream = self._muxer.streams.get(stream_id)
        if flags & FLAG_SYN:
            self._opened += 1
            if self._opened > MAX_STREAMS:
                raise PeerFault.of(Offence.TOO_MANY_STREAMS, f"more than {MAX_STREAMS} on one connection")
        if kind != TYPE_DATA:
            return
        # A stream that a foreign host opens, or that was closed here a moment ago, has the window every stream begins with.
        window = DEFAULT_WINDOW_SIZE if stream is None else stream.recv_window
        if length > window:
            raise PeerFault.of(Offence.IGNORES_WINDOW, f"{length} bytes, {window} were granted")
        if stream is None and not flags & FLAG_SYN:
            self._stray += length
            if self._stray > DEFAULT_WINDOW_SIZE:
                raise PeerFault.of(Offence.STRAY_DATA, f"stream {stream_id}")
        self._body_left = length

    async def write(self, data: bytes) -> None:
        """Encrypt and send `data`."""
        await self._inner.write(data)

    async def close(self) -> None:
        """Close the connection below."""
        await self._inner.close()

    def get_remote_address(self) -> tuple[str, int] | None:
        """Address and port of the peer's socket."""
        return self._inner.get_remote_address()

    def get_transport_addresses(self) -> list[Any]:
        """Unused: addresses come from the configuration, never from a peer."""
        return []

    def get_connection_type(self) -> ConnectionType:
        """Always direct: there are no relayed connections, only relayed messages."""
        return ConnectionType.DIRECT
