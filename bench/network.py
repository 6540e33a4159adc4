"""What the network costs: round trip, messages a second, CPU of a broadcast among four nodes. Prints one JSON object.

All nodes run in this one process over loopback, with the real stack (private network key, Noise, Yamux), so CPU figures are the
sum over sender and receivers, and a rate is what one core moves. Run: `python -m bench.network [--quick]`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio
from nacl.signing import SigningKey

from gridnode.network.config import Channel, Endpoint, NetworkConfig, NetworkLimits
from gridnode.network.network import Handlers, Network

_UNLIMITED = NetworkLimits(
    bytes_per_s=1 << 40,
    messages_per_s=1 << 30,
    packets_per_s=1 << 30,
    consensus_per_s=1 << 30,
    consensus_bytes_per_s=1 << 40,
    floods_per_s=1 << 30,
    flood_bytes_per_s=1 << 40,
    total_bytes_per_s=1 << 40,
    total_messages_per_s=1 << 30,
    requests_per_s=1 << 30,
    answer_bytes_per_s=1 << 40,
    queue_messages=1 << 20,
    queue_bytes=1 << 40,
)


class Node:
    """A network that counts what arrives."""

    def __init__(self, number: int, keys: list[bytes], peers: tuple[Endpoint, ...]) -> None:
        """Node `number` of those with `keys`; it dials `peers`."""
        self.received = 0
        self.on_message: Callable[[bytes, bytes], None] = lambda _key, _payload: None
        handlers = Handlers(
            on_message=lambda key, _channel, payload: self._count(key, payload),
            on_gossip=self._count,
            on_request=self._answer,
            on_connect=lambda _key: None,
            on_disconnect=lambda _key: None,
        )
        config = NetworkConfig(
            "127.0.0.1", 0, _seed(number), b"k" * 32, {key: key.hex()[:8] for key in keys}, peers, _UNLIMITED
        )
        self.network = Network(config, handlers, lambda: time.time_ns() // 1_000_000)

    def _count(self, key: bytes, payload: bytes) -> None:
        """One message has arrived."""
        self.received += 1
        self.on_message(key, payload)

    async def _answer(self, _key: bytes, _kind: int, payload: bytes) -> bytes:
        """As many bytes as the request's number says."""
        return bytes(int.from_bytes(payload, "big"))


def _seed(number: int) -> bytes:
    return bytes((number + 1,)) * 32


@asynccontextmanager
async def mesh(count: int) -> AsyncIterator[list[Node]]:
    """`count` nodes, each linked to every other."""
    keys = [bytes(SigningKey(_seed(number)).verify_key) for number in range(count)]
    nodes: list[Node] = []
    async with trio.open_nursery() as nursery:
        for number in range(count):
            peers = tuple(Endpoint("127.0.0.1", nodes[i].network.port, keys[i]) for i in range(number))
            node = Node(number, keys, peers)
            await nursery.start(node.network.run)
            nodes.append(node)
        while any(len(node.network.connected()) < count - 1 for node in nodes):
            await trio.sleep(0.01)
        await trio.sleep(0.2)
        yield nodes
        nursery.cancel_scope.cancel()


async def round_trip(rounds: int) -> dict[str, float]:
    """A message of 200 bytes there and back between two nodes, one at a time."""
    async with mesh(2) as (first, second):
        back = trio.Event()

        def returned(_key: bytes, _payload: bytes) -> None:
            back.set()

        second.on_message = lambda key, payload: _echo(second, key, payload)
        first.on_message = returned
        times = []
        for _ in range(rounds):
            back = trio.Event()
            start = time.perf_counter()
            first.network.send(second.network.peer_key, Channel.CONSENSUS, b"v" * 200)
            await back.wait()
            times.append((time.perf_counter() - start) * 1e6)
    return {
        "p50_us": round(statistics.median(times)),
        "p99_us": round(statistics.quantiles(times, n=100)[98]),
    }


def _echo(node: Node, key: bytes, payload: bytes) -> None:
    node.network.send(key, Channel.CONSENSUS, payload)


async def rate(messages: int, size: int) -> dict[str, float]:
    """One node sends to another as fast as both go."""
    async with mesh(2) as (first, second):
        cpu, start = time.process_time(), time.perf_counter()
        for number in range(messages):
            first.network.send(second.network.peer_key, Channel.SYNC, bytes(size))
            if number % 64 == 0:
                await trio.lowlevel.checkpoint()
        while second.received < messages:
            await trio.sleep(0.001)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {
        "bytes": size,
        "messages_per_s": round(messages / seconds),
        "megabytes_per_s": round(messages * size / seconds / 1e6, 1),
        "cpu_us_per_message": round(cpu / messages * 1e6, 1),
    }


async def spread(messages: int, size: int, way: str, per_s: int) -> dict[str, float | str]:
    """Four nodes in a full mesh; one message at a time reaches the three others, `per_s` a second in all."""
    async with mesh(4) as nodes:
        cpu, start = time.process_time(), time.perf_counter()
        for number in range(messages):
            network = nodes[number % 4].network
            if way == "broadcast":
                network.broadcast(Channel.CONSENSUS, bytes(size))
            else:
                network.flood(Channel.CONSENSUS if size < 60_000 else Channel.TRANSACTIONS, bytes(size))
            await trio.sleep(max(0.0, start + number / per_s - time.perf_counter()))
        while sum(node.received for node in nodes) < 3 * messages:
            await trio.sleep(0.001)
        cpu = time.process_time() - cpu
    return {
        "way": way,
        "bytes": size,
        "messages_per_s": per_s,
        "cpu_us_per_message": round(cpu / messages * 1e6),
        "cpu_us_per_message_and_node": round(cpu / messages / 4 * 1e6),
    }


async def transfer(size: int) -> dict[str, float]:
    """One response of `size` bytes."""
    async with mesh(2) as (first, second):
        start = time.perf_counter()
        await first.network.request(second.network.peer_key, 1, size.to_bytes(4, "big"), 60_000)
        seconds = time.perf_counter() - start
    return {"bytes": size, "ms": round(seconds * 1000), "megabytes_per_s": round(size / seconds / 1e6, 1)}


def import_ms() -> float:
    """Time that importing `gridnode.network.network` adds to a fresh interpreter, without py-libp2p."""
    import subprocess
    import sys

    code = "import time; a=time.perf_counter(); import gridnode.network.network; print((time.perf_counter()-a)*1000)"
    return round(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout), 1
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages")
    scale = 1 if parser.parse_args().quick else 10
    result = {
        "import_ms": import_ms(),
        "round_trip": trio.run(round_trip, 200 * scale),
        "rate": [trio.run(rate, 2_000 * scale, 200), trio.run(rate, 100 * scale, 64_000)],
        "four_nodes": [
            trio.run(spread, 100 * scale, size, way, per_s)
            for way in ("broadcast", "flood")
            for size, per_s in ((200, 100), (200, 400), (64_000, 50))
        ],
        "response": trio.run(transfer, 5 * 1024 * 1024),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
