"""Thin layers inside the libp2p stack that bound what one connection may cost.

    TCP socket -> Wire -> private network key -> Noise -> PacedSession -> Yamux -> PlainStream, our one stream

`Wire` reads ahead: libp2p reads a Noise packet as two bytes and then the rest, two system calls a packet, and gives up on a
packet that arrives in more than a hundred pieces. `PacedSession` sees every Yamux frame before Yamux does. Yamux of
py-libp2p only warns when a peer ignores the receive window, accepts any number of streams and answers any number of
pings; here such a peer is slowed down or cut off, before the bytes reach memory. `PlainStream` keeps the window small.
"""

from __future__ import annotations

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
from libp2p.stream_muxer.yamux.yamux import HEADER_SIZE, Yamux, YamuxStream

from gridnode.network.buckets import TokenBucket
from gridnode.network.config import NetworkLimits

READ_AHEAD_BYTES = 64 * 1024
WINDOW_BYTES = 1024 * 1024
"""Receive window of our stream: what a peer may have sent before it is read. 20 MB/s at 50 ms round trip."""
MAX_STREAMS = 8
"""Open streams of one connection; ours is one, a foreign libp2p host may try a few more. Below the 10 that wait in
Yamux to be accepted, beyond which it would stop reading altogether."""


class Wire(RawConnection):
    """A TCP connection that reads ahead and gives exactly what it is asked for."""

    def __init__(self, stream: trio.SocketStream, initiator: bool) -> None:
        """Wrap a connected socket; `initiator` when this node dialed."""
        super().__init__(TrioTCPStream(stream), initiator)
        self._ahead = bytearray()

    async def read(self, n: int | None = None) -> bytes:
        """`n` bytes, fewer only at the end of the connection; without `n` whatever is there."""
        ahead = self._ahead
        wanted = 1 if n is None else n
        while len(ahead) < wanted:
            chunk = await super().read(max(READ_AHEAD_BYTES, wanted - len(ahead)))
            if not chunk:
                break
            ahead += chunk
        taken = bytes(ahead[:n])
        del ahead[: len(taken)]
        return taken


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
    """A secured connection that Yamux reads no faster, and holds no more of, than the limits allow."""

    def __init__(self, inner: ISecureConn, limits: NetworkLimits, clock_ms: Callable[[], int]) -> None:
        """Stand between `inner` and the Yamux that `watch` names later."""
        super().__init__(
            local_peer=inner.get_local_peer(),
            local_private_key=inner.get_local_private_key(),
            remote_peer=inner.get_remote_peer(),
            remote_permanent_pubkey=inner.get_remote_public_key(),
            is_initiator=inner.is_initiator,
        )
        self._inner = inner
        self._clock_ms = clock_ms
        self._frames = TokenBucket(limits.messages_per_s, limits.messages_per_s * limits.burst_s, clock_ms())
        self._pause_ms = 0
        self._muxer: Yamux | None = None

    def watch(self, muxer: Yamux) -> None:
        """Bound the streams and buffers of `muxer` from now on."""
        self._muxer = muxer

    def pause(self, pause_ms: int) -> None:
        """Read nothing for so long before the next Yamux frame; the peer's data waits in its own send buffer."""
        self._pause_ms = max(self._pause_ms, pause_ms)

    async def read(self, n: int | None = None) -> bytes:
        """`n` bytes of the decrypted stream. Raises `ConnectionClosedError` when the peer exceeds a bound."""
        if n is not None and n > WINDOW_BYTES:
            raise ConnectionClosedError(f"a Yamux frame of {n} bytes")
        if n == HEADER_SIZE:
            await self._before_frame()
        return await self._inner.read(n)

    async def _before_frame(self) -> None:
        """Wait until another Yamux frame may be read; check what the earlier ones left behind."""
        pause_ms = max(self._pause_ms, self._frames.take(1, self._clock_ms()))
        self._pause_ms = 0
        if pause_ms:
            await trio.sleep(pause_ms / 1000)
        if self._muxer is None:
            return
        buffers = self._muxer.stream_buffers
        if len(buffers) > MAX_STREAMS or sum(map(len, buffers.values())) > 2 * WINDOW_BYTES:
            raise ConnectionClosedError("more streams or unread bytes than the receive windows allow")

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
