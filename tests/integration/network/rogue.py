"""A licensed node gone bad: the real handshake, and then whatever bytes it likes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from gridnode.network.config import Endpoint, NetworkConfig, NetworkLimits
from gridnode.network.host import Connection, ConnectionLost, HandshakeFailed, Host
from gridnode.network.peers import Peer
from tests.integration.network.nodes import LIMITS, PSK, key, seed

UNBOUNDED = NetworkLimits(packets_per_s=1 << 40, bytes_per_s=1 << 40, total_bytes_per_s=1 << 40)
"""A rogue reads as fast as it likes."""


def now_ms() -> int:
    """Clock of a rogue."""
    return time.time_ns() // 1_000_000


class Refused(Exception):
    """The other side did not let the rogue in."""


@asynccontextmanager
async def rogue(
    number: int, endpoint: Endpoint, psk: bytes = PSK, limits: NetworkLimits = LIMITS
) -> AsyncIterator[Connection]:
    """A raw connection from test node `number` to `endpoint`. Raises `Refused` when there is none after all."""
    host = Host(
        NetworkConfig("127.0.0.1", 0, seed(number), psk, {}, (), limits),
        lambda _key, _dialed: Peer(key(0), UNBOUNDED, now_ms()).allowance,
        now_ms,
    )
    ready: list[Connection] = []
    made, finished = trio.Event(), trio.Event()
    failure = ""

    async def serve(connection: Connection) -> None:
        ready.append(connection)
        made.set()
        await finished.wait()

    async def dial() -> None:
        nonlocal failure
        try:
            await host.dial(endpoint, serve)
        except HandshakeFailed as error:
            failure = str(error)
        made.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(dial)
        await made.wait()
        if ready:
            yield ready[0]
        finished.set()
    if not ready:
        raise Refused(failure)


async def read_to_end(connection: Connection) -> int:
    """Read until the other side hangs up; returns how many bytes came."""
    count = 0
    try:
        while True:
            count += len(await connection.read())
    except ConnectionLost:
        return count
