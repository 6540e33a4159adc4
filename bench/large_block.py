"""Time until a block of 4 MiB is whole on a node with an empty pool, that has heard the proposal. Prints one JSON object.

    python -m bench.large_block [--mbit 50]

Holders answer from memory, each through an uplink of `--mbit`, and time is that of these lines alone, on a virtual clock: the same figures
on any machine, however busy. Rows, in ms:

    one_holder     the proposer alone has it
    four_holders   three voters have it too
    slow_first     of four, the proposer never answers
    liar_first     of four, the proposer answers with what nobody asked for
    cpu            of processor time, for all four rows: decoding, ids, signatures
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import trio
from trio.testing import MockClock

from gridnode.chain.block import Block, CompactBlock, header_hash
from gridnode.chain.commit import NO_COMMIT, commit_hash
from gridnode.chain.evidence import evidence_root
from gridnode.chain.kinds import to_message
from gridnode.chain.transaction import TransactionBody, decode_transaction, sign_transaction
from gridnode.codec.records import decode, encode
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import key_pair
from gridnode.crypto.merkle import root
from gridnode.mempool.pool import Pool
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.node.candidates import Candidates
from gridnode.node.side_by_side import side_by_side
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.limits import MAX_BLOCK_BYTES
from gridnode.simulation.sharing import Checker
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


class Lines:
    """Holders without a network: `gridnode.node.candidates.Asks` for a virtual clock."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = answers

    async def request(self, peer_key: bytes, kind: int, payload: bytes, timeout_ms: int) -> bytes:
        """A holder's answer. Raises PeerFault when it does not come in time."""
        with trio.move_on_after(timeout_ms / 1_000):
            return await self._answers[peer_key[0]](peer_key, kind, payload)
        raise PeerFault(f"no answer within {timeout_ms} ms", 1)

    def report(self, peer_key: bytes, fault: PeerFault) -> None:
        """Nobody to tell."""


async def once(raws: dict[bytes, bytes], answers: Sequence[Answer]) -> float:
    """Ms until the block is whole."""
    candidates = Candidates(Pool(), Checker(), Lines(answers), side_by_side)
    header = replace(
        HEADER,
        transaction_count=len(raws),
        transactions_root=root(tuple(raws)),
        last_commit_hash=commit_hash(NO_COMMIT),
        evidence_root=evidence_root(()),
    )
    candidates.proposed(header_hash(header), CompactBlock(header, tuple(raws), NO_COMMIT), HEADER.proposer)
    began = trio.current_time()
    complete = None
    while complete is None:
        complete = await candidates.obtain(header_hash(header), [bytes([number]) for number in range(len(answers))])
    assert complete.block == Block(header, tuple(raws.values()), NO_COMMIT)
    return (trio.current_time() - began) * 1_000


def measure(raws: dict[bytes, bytes], bytes_per_s: float) -> dict[str, int]:
    """Every row."""

    def good(count: int) -> list[Answer]:
        return [Holder(raws, bytes_per_s).answer for _ in range(count)]

    rows: dict[str, list[Answer]] = {
        "one_holder": good(1),
        "four_holders": good(4),
        "slow_first": [never, *good(3)],
        "liar_first": [lie, *good(3)],
    }
    clocks = {name: MockClock(autojump_threshold=0) for name in rows}
    return {name: round(trio.run(once, raws, answers, clock=clocks[name])) for name, answers in rows.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mbit", type=float, default=50, help="uplink of each holder, Mbit/s")
    options = parser.parse_args()
    raws = transactions()
    cpu = time.process_time()
    result: dict[str, Any] = {"transactions": len(raws), "bytes": sum(map(len, raws.values())), "mbit": options.mbit}
    result |= measure(raws, options.mbit * 1e6 / 8)
    print(json.dumps(result | {"cpu": round((time.process_time() - cpu) * 1_000)}, indent=2))


if __name__ == "__main__":
    main()
