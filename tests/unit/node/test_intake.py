"""The door to the pool, on a real store: what comes in, what is refused and why, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from gridnode.chain.kinds import to_message
from gridnode.chain.receipt import ChainCode
from gridnode.chain.transaction import Message, TransactionBody, sign_transaction, transaction_id
from gridnode.codec.records import decode
from gridnode.mempool.outbox import Outbox, TransactionBatch
from gridnode.mempool.pool import Pool
from gridnode.modules.metering.messages import SubmitReading, sign_reading
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.node.intake import Intake, Submitted
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.open_store import open_store
from gridnode.node.verifier import INLINE, Verifier
from tests.chain_in_memory import CHAIN, START_MS, account, genesis, keys_of
from tests.unit.node.peers_in_memory import commit_of

POOL = 4
PAY = Transfer(account("bob"), Denomination.THB, 5)


class Door:
    """An intake with its pool, outbox and store."""

    def __init__(self, folder: Path, **pool: int) -> None:
        self.store: LedgerStore = open_store(folder, genesis())
        self.pool, self.outbox, self.verifier = Pool(**pool), Outbox(), Verifier()
        self.woken = 0
        self.intake = Intake(self.store, self.pool, self.outbox, self.verifier, self._wake)
        self._salt = 0

    def _wake(self) -> None:
        self.woken += 1

    def raw(self, sender: str, *messages: Any, valid_ms: int = 60_000, chain_id: str = CHAIN) -> bytes:
        """A signed transaction; messages are module messages or plain ones."""
        self._salt += 1
        plain = tuple(item if isinstance(item, Message) else to_message(item) for item in messages)
        body = TransactionBody(chain_id, keys_of(sender).public_key, START_MS + valid_ms, self._salt, plain)
        return sign_transaction(body, keys_of(sender))

    def submit(self, *raws: bytes) -> list[str]:
        """Codes of a batch, `OK` for what was accepted."""
        return [code(result) for result in trio.run(self.intake.submit, raws)]

    def block(self) -> None:
        """Put what waits into a block."""

        async def build() -> None:
            executed = await self.store.build(self.pool, START_MS + 1_000, account("mea-node"))
            self.store.commit(executed, commit_of(executed.block.header.height, executed.block_hash))
            self.pool.remove(transaction.id for transaction in executed.transactions)

        trio.run(build)


def code(result: Submitted) -> str:
    """Name of the code of a result."""
    return "OK" if result.rejected is None else result.rejected.code.name


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """A new one with a small pool."""
    made = Door(tmp_path / "db", max_transactions=POOL, max_per_sender=2)
    yield made
    made.store.close()


def spoilt(raw: bytes) -> bytes:
    """The same with one bit of the signature turned."""
    return raw[:-1] + bytes([raw[-1] ^ 1])


def test_what_holds_waits_is_told_and_wakes_consensus(door: Door) -> None:
    """The answer names the id; the bytes go to the peers as they are."""
    raw = door.raw("alice", PAY)
    results = trio.run(door.intake.submit, [raw])
    assert results == [Submitted(transaction_id(raw), None)]
    assert transaction_id(raw) in door.pool
    assert [decode(TransactionBatch, message).transactions for message in door.outbox.flush()] == [(raw,)]
    assert (door.woken, door.intake.accepted, door.intake.rejected) == (1, 1, {})


def test_what_a_peer_gossips_is_not_told_again(door: Door) -> None:
    """Who submitted it has told all."""
    results = trio.run(door.intake.hear, [door.raw("alice", PAY), b"junk"])
    assert [code(result) for result in results] == ["OK", "MALFORMED"]
    assert len(door.outbox) == 0
    assert door.intake.rejected == {}


def test_every_refusal_has_its_code(door: Door) -> None:
    """One row for each code that a single transaction can get at the door."""
    good = door.raw("alice", PAY)
    rows = {
        "MALFORMED": good + b"\x00",
        "WRONG_CHAIN": door.raw("alice", PAY, chain_id="another"),
        "UNKNOWN_MESSAGE": door.raw("alice", Message("token.conjure", b"\x90")),
        "EXPIRED": door.raw("alice", PAY, valid_ms=0),
        "TOO_FAR_AHEAD": door.raw("alice", PAY, valid_ms=3_600_000),
        "BAD_SIGNATURE": spoilt(good),
        "FEE_UNPAID": door.raw("pauper", PAY),
    }
    assert {name: door.submit(raw)[0] for name, raw in rows.items()} == {name: name for name in rows}
    assert door.intake.rejected == dict.fromkeys(rows, 1)
    assert (len(door.pool), len(door.outbox), door.woken) == (0, 0, 0)
    assert door.submit(door.raw("alice", Message("token.transfer", b"\x90"))) == ["MALFORMED"]


def test_a_device_signature_counts_like_the_senders(door: Door) -> None:
    """A reading whose device did not sign it is refused before it costs anything."""
    good = sign_reading(CHAIN, keys_of("device"), 1, 10, 0)
    bad = SubmitReading(good.device_key, good.mtu, 11, good.consumed_wh, good.version, good.signature)
    assert door.submit(door.raw("mea", good), door.raw("mea", good, bad)) == ["OK", "BAD_SIGNATURE"]


def test_each_of_a_batch_stands_or_falls_alone(door: Door) -> None:
    """Answers come in the order of the batch; the same bytes twice are one transaction."""
    first, second = door.raw("alice", PAY), door.raw("bob", PAY)
    batch = [first, b"", spoilt(second), second, first]
    assert len(batch) > INLINE  # so the checks run in a thread
    assert door.submit(*batch) == ["OK", "MALFORMED", "BAD_SIGNATURE", "OK", "DUPLICATE"]
    assert len(door.pool) == 2
    assert door.submit(first) == ["DUPLICATE"]


def test_a_full_pool_says_so_before_it_checks_anything(door: Door) -> None:
    """A sender has its share; the pool has its bound; what was accepted stays."""
    assert door.submit(*[door.raw("alice", PAY) for _ in range(3)]) == ["OK", "OK", "SENDER_LIMIT"]
    assert door.submit(door.raw("bob", PAY), door.raw("carol", PAY), door.raw("bob", PAY)) == ["OK", "OK", "POOL_FULL"]
    checked = door.verifier.checked
    assert door.submit(door.raw("erc", PAY)) == ["POOL_FULL"]
    assert door.verifier.checked == checked
    assert len(door.pool) == POOL


def test_what_is_committed_is_a_duplicate(door: Door) -> None:
    """Also after the pool has forgotten it."""
    raw = door.raw("alice", PAY)
    assert door.submit(raw) == ["OK"]
    door.block()
    assert len(door.pool) == 0
    assert door.submit(raw) == ["DUPLICATE"]


def test_a_block_that_comes_while_signatures_are_checked_is_noticed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same transaction is committed between the first look and the second."""
    raw = door.raw("alice", PAY)
    checked = door.verifier.verified

    async def slowly(transactions: Any) -> Any:
        verdicts = await checked(transactions)
        door.pool.add(verdicts[0])
        executed = await door.store.build(door.pool, START_MS + 1_000, account("mea-node"))
        door.store.commit(executed, commit_of(1, executed.block_hash))
        door.pool.remove([verdicts[0].id])
        return verdicts

    monkeypatch.setattr(door.verifier, "verified", slowly)
    assert door.submit(raw) == ["DUPLICATE"]
    assert len(door.pool) == 0


def test_codes_come_in_their_order() -> None:
    """Precedence is the order of the numbers."""
    names = ["MALFORMED", "WRONG_CHAIN", "UNKNOWN_MESSAGE", "EXPIRED", "TOO_FAR_AHEAD", "DUPLICATE", "BAD_SIGNATURE", "FEE_UNPAID"]
    assert [member.name for member in ChainCode if member.name in names] == names
