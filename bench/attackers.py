"""Those who attack in `bench.network_abuse`: run as a process of its own, until told to stop by the end of its input.

    python -m bench.attackers PLAN.json

The plan names the targets, the network's key, and the key of a licensed node gone bad. That one attacks each target in another way, as
fast as it is let, and connects again at once whenever it is cut off. The strangers have no licence: connections that say nothing,
garbage, the network's key with a key nobody licensed. Prints one JSON object with what they got rid of.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import trio

from gridnode.codec.records import encode
from gridnode.network.allowance import Allowance, Shared
from gridnode.network.config import Channel, Endpoint, NetworkConfig, NetworkLimits
from gridnode.network.frames import FrameKind, encode_frame
from gridnode.network.host import Connection, ConnectionLost, HandshakeFailed, Host
from gridnode.node.wire import RequestKind, to_wire
from gridnode.sync.messages import BlockRequest, Status

LIMITS = NetworkLimits(packets_per_s=1 << 40, bytes_per_s=1 << 40, total_bytes_per_s=1 << 40)
SILENT = 100
"""Connections that a stranger holds to each target."""
counted: Counter[str] = Counter()


def now_ms() -> int:
    """Unix time in ms."""
    return time.time_ns() // 1_000_000


def host_of(seed: bytes, psk: bytes) -> Host:
    """The handshake of a node with this seed."""
    config = NetworkConfig("127.0.0.1", 0, seed, psk, {}, (), LIMITS)
    shared = Shared(LIMITS, now_ms())
    return Host(config, lambda key, _dialed: Allowance(key, LIMITS, shared, now_ms()), now_ms)


def garbage() -> bytes:
    """Frames of the right form with rubbish in them, then what is no frame at all."""
    frames = [
        encode_frame(FrameKind.MESSAGE, bytes((Channel.CONSENSUS,)), os.urandom(200)),
        encode_frame(FrameKind.MESSAGE, bytes((Channel.SYNC,)), os.urandom(200)),
        encode_frame(FrameKind.REQUEST, bytes(8), b"\x09", os.urandom(100)),
        encode_frame(FrameKind.RESPONSE, os.urandom(8), b"\x00", os.urandom(60_000)),
        encode_frame(FrameKind.FLOOD, bytes((Channel.TRANSACTIONS, 0)), os.urandom(300)),
    ]
    return b"".join(frames) * 4 + os.urandom(10_000)


def kinds(genesis_hash: bytes) -> dict[str, bytes]:
    """Ways to attack, each as what is written over and over."""
    status = encode_frame(FrameKind.MESSAGE, bytes((Channel.SYNC,)), to_wire(Status(genesis_hash, 0, b"")))
    question = encode(BlockRequest(1, 64))
    asks = [
        encode_frame(FrameKind.REQUEST, number.to_bytes(8, "big"), bytes((RequestKind.BLOCKS,)), question)
        for number in range(100)
    ]
    return {
        "pings": encode_frame(FrameKind.PING) * 2_000,
        "useless": status * 500,
        "unread": b"".join(asks) * 5,
        "garbage": garbage(),
    }


async def assault(host: Host, endpoint: Endpoint, kind: str, data: bytes) -> None:
    """Attack one target in one way for ever."""

    async def swallow(connection: Connection) -> None:
        while True:
            await connection.read()

    async def serve(connection: Connection) -> None:
        counted[f"{kind}: links"] += 1
        async with trio.open_nursery() as nursery:
            if kind != "unread":
                nursery.start_soon(swallow, connection)
            while True:
                await connection.write(data)
                counted[f"{kind}: bytes"] += len(data)

    while True:
        try:
            await host.dial(endpoint, serve)
        except (HandshakeFailed, ConnectionLost):
            counted[f"{kind}: refused"] += 1
        except BaseExceptionGroup as group:
            rest = group.split(ConnectionLost)[1]
            if rest is not None:
                raise rest from None
        await trio.sleep(0.001)


async def stranger(target: tuple[str, int], source: str, say: bytes, hold: bool) -> None:
    """Connect to a target for ever from an address of the loopback network."""
    while True:
        raw = trio.socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            await raw.bind((source, 0))
            await raw.connect(target)
            counted["strangers: connections"] += 1
            stream = trio.SocketStream(raw)
            if say:
                await stream.send_all(say)
            while hold and await stream.receive_some():
                pass
        except (OSError, trio.BrokenResourceError):
            counted["strangers: cut off"] += 1
        finally:
            raw.close()
        await trio.sleep(0.02 if hold else 0.001)


async def until_told(end: Callable[[], None]) -> None:
    """End when whoever started this process closes its input."""
    await trio.to_thread.run_sync(sys.stdin.buffer.read, abandon_on_cancel=True)
    end()


async def attack(plan: dict[str, Any]) -> None:
    """Everything at once, until told to stop."""
    psk = bytes.fromhex(plan["psk"])
    licensed, unlicensed = host_of(bytes.fromhex(plan["seed"]), psk), host_of(os.urandom(32), psk)
    ways = kinds(bytes.fromhex(plan["genesis_hash"]))
    junk = os.urandom(64 * 1024)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(until_told, nursery.cancel_scope.cancel)
        for number, target in enumerate(plan["targets"]):
            endpoint = Endpoint(target["host"], target["port"], bytes.fromhex(target["key"]))
            kind = list(ways)[number % len(ways)]
            if plan["licensed"]:
                nursery.start_soon(assault, licensed, endpoint, kind, ways[kind])
            if plan["strangers"]:
                nursery.start_soon(assault, unlicensed, endpoint, "unlicensed", b"\x00")
                where = (endpoint.host, endpoint.port)
                for _ in range(SILENT):
                    nursery.start_soon(stranger, where, f"127.0.1.{number + 1}", b"", True)
                for _ in range(4):
                    nursery.start_soon(stranger, where, f"127.0.2.{number + 1}", junk, False)
                    nursery.start_soon(stranger, where, f"127.0.3.{number + 1}", b"", False)


def main() -> None:
    """Attack by a plan, and say what was done."""
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    os.nice(plan["nice"])
    run: Callable[..., Awaitable[None]] = attack
    trio.run(run, plan)
    print(json.dumps(dict(sorted(counted.items()))))


if __name__ == "__main__":
    main()
