"""Time until a block of 4 MiB is whole on a node with an empty pool, that has heard the proposal. Prints one JSON object.

    python -m bench.large_block [--mbit 50] [--runs 5]

The real network stack over loopback, all nodes in this one process; holders answer from memory, through an uplink of `--mbit` each (0: as
fast as it goes, which measures one core and no network). Rows, medians of the runs, in ms, and of processor time of all nodes together:

    one_holder     the proposer alone has it
    four_holders   three voters have it too
    slow_first     of four, the proposer never answers
    liar_first     of four, the proposer answers with what nobody asked for
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import trio

from bench.network import Node, mesh
from gridnode.chain.block import Block, CompactBlock, header_hash
from gridnode.chain.commit import NO_COMMIT
from gridnode.chain.kinds import to_message
from gridnode.chain.transaction import TransactionBody, decode_transaction, sign_transaction
from gridnode.codec.records import decode, encode
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import key_pair
from gridnode.mempool.pool import Pool
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.node.candidates import Candidates
from gridnode.node.side_by_side import side_by_side
from gridnode.node.verifier import Verifier
from gridnode.primitives.limits import MAX_BLOCK_BYTES
from gridnode.sync.messages import TransactionsAnswer, TransactionsRequest
from gridnode.sync.responder import answer_transactions
from tests.vectors.samples import HEADER

MESSAGES = 10
Answer = Callable[[bytes, int, bytes], Awaitable[bytes]]


def transactions() -> dict[bytes, bytes]:
    """Signed transfers that fill a block, by id."""
    keys, made, size = key_pair(bytes(32)), {}, 0
    recipient = address_of(keys.public_key)
    messages = tuple(to_message(Transfer(recipient, Denomination.THB, amount)) for amount in range(1, MESSAGES + 1))
    while True:
        body = TransactionBody("bench", keys.public_key, 2**40, len(made), messages)
        one = decode_transaction(sign_transaction(body, keys))
        size += len(one.raw)
        if size > MAX_BLOCK_BYTES:
            return made
        made[one.id] = one.raw


class Holder:
    """A node that has the block, behind a line."""

    def __init__(self, raws: dict[bytes, bytes], bytes_per_s: float) -> None:
        self._raws = raws
        self._bytes_per_s = bytes_per_s
        self._line = trio.Lock()

    async def answer(self, _key: bytes, _kind: int, payload: bytes) -> bytes:
        """What it has; one answer after the other goes through its line."""
        found = answer_transactions(decode(TransactionsRequest, payload), self._raws.get)
        if self._bytes_per_s:
            async with self._line:
                await trio.sleep(len(found) / self._bytes_per_s)
        return found


async def never(_key: bytes, _kind: int, _payload: bytes) -> bytes:
    """No answer."""
    await trio.sleep_forever()
    return b""


async def lie(_key: bytes, _kind: int, _payload: bytes) -> bytes:
    """What nobody asked for."""
    return encode(TransactionsAnswer((b"junk",), 0))


async def once(raws: dict[bytes, bytes], answers: Sequence[Answer]) -> tuple[float, float]:
    """Ms until the block is whole, and of processor time."""
    header = HEADER
    compact = CompactBlock(header, tuple(raws), NO_COMMIT)
    async with mesh(1 + len(answers)) as (asker, *holders):
        for node, answer in zip(holders, answers, strict=True):
            node.on_request = answer
        candidates = Candidates(Pool(), Verifier(), asker.network, side_by_side)
        candidates.proposed(header_hash(header), compact)
        began, cpu = time.perf_counter(), time.process_time()
        complete = None
        while complete is None:
            complete = await candidates.obtain(header_hash(header), [_key(node) for node in holders])
        took = (time.perf_counter() - began) * 1_000, (time.process_time() - cpu) * 1_000
        assert complete.block == Block(header, tuple(raws.values()), NO_COMMIT)
    return took


def _key(node: Node) -> bytes:
    return node.network.peer_key


def measure(raws: dict[bytes, bytes], bytes_per_s: float, runs: int) -> dict[str, dict[str, int]]:
    """Every row."""

    def good(count: int) -> list[Answer]:
        return [Holder(raws, bytes_per_s).answer for _ in range(count)]

    rows: dict[str, Callable[[], list[Answer]]] = {
        "one_holder": lambda: good(1),
        "four_holders": lambda: good(4),
        "slow_first": lambda: [never, *good(3)],
        "liar_first": lambda: [lie, *good(3)],
    }
    found = {name: [trio.run(once, raws, answers()) for _ in range(runs)] for name, answers in rows.items()}
    return {
        name: dict(zip(("ms", "cpu_ms"), (round(statistics.median(column)) for column in zip(*times, strict=True)), strict=True))
        for name, times in found.items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mbit", type=float, default=50, help="uplink of each holder, Mbit/s; 0 for none")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    raws = transactions()
    result: dict[str, Any] = {"transactions": len(raws), "bytes": sum(map(len, raws.values())), "mbit": options.mbit}
    print(json.dumps(result | measure(raws, options.mbit * 1e6 / 8, options.runs), indent=2))


if __name__ == "__main__":
    main()
