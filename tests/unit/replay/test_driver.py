"""The driver against validators at the seam of the API: file and seed fix what it submits; what one validator does not take, another gets.

Time is virtual: the day lies far ahead and nobody waits for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from gridnode.chain.transaction import decode_transaction
from gridnode.client.remote import RemoteProblem
from gridnode.client.wallet import id_of
from gridnode.primitives.errors import OperatorError
from gridnode.replay import driver as driver_file
from gridnode.replay.cast import Cast
from gridnode.replay.day import Day
from gridnode.replay.driver import FIRST_SHEETS_MTUS, Driver, Progress
from gridnode.replay.intentions import wants
from gridnode.replay.rules import DSO_OF_ZONE, limits_micro
from tests.unit.replay.days import NOON, small

MTU_MS = 1_000
FIRST_MTU = 4_000_000_000
"""In the year 2096."""
CHAIN = "test-chain"
Reply = Callable[[bytes], dict[str, Any]]


class Chain:
    """What all validators know: which transactions are committed, in which order they came."""

    def __init__(self) -> None:
        self.committed: dict[str, bytes] = {}

    def commit(self, raw: bytes) -> dict[str, Any]:
        """Take a transaction into a block, once."""
        name = id_of(raw).hex()
        if name in self.committed:
            return rejected("DUPLICATE")
        self.committed[name] = raw
        return {"id": name, "status": "committed"}

    def said(self) -> Counter[tuple[bytes, bytes]]:
        """Sender and messages of each transaction, without the envelope's time and salt."""
        said: Counter[tuple[bytes, bytes]] = Counter()
        for raw in self.committed.values():
            transaction = decode_transaction(raw)
            content = b"|".join(item.kind.encode() + item.body for item in transaction.body.messages)
            said[transaction.sender, content] += 1
        return said


class Validator:
    """One node's API."""

    def __init__(self, chain: Chain, reply: Reply | None = None) -> None:
        self._chain = chain
        self._reply = reply or chain.commit
        self.asked = 0

    async def submit(self, raws: list[bytes], wait_ms: int) -> list[dict[str, Any]]:
        """A row for each."""
        await trio.sleep(0.01)
        self.asked += 1
        return [self._reply(raw) for raw in raws]

    async def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """A transaction by id."""
        await trio.sleep(0.01)
        name = path.removeprefix("transactions/")
        if name not in self._chain.committed:
            raise RemoteProblem(404, "NOT_FOUND", name)
        return {"id": name, "status": "committed"}


def rejected(code: str) -> dict[str, Any]:
    """A refusal's row."""
    return {"status": "rejected", "error": {"code": code}}


def down(raw: bytes) -> dict[str, Any]:
    """Nobody listens."""
    raise RemoteProblem(0, "UNREACHABLE", "down")


def play(chain: Chain, *replies: Reply | None, day: Day | None = None, seed: int = 1) -> tuple[Progress, list[Validator]]:
    """Register and trade a day; the validators reply as told."""
    played = day or small()
    validators = [Validator(chain, reply) for reply in replies or (None,)]
    cast = Cast(played, seed, CHAIN, {zone: DSO_OF_ZONE[zone] for zone in played.zones})
    progress = Progress()

    async def run() -> None:
        orders = wants(played, seed, limits_micro)
        driver = Driver(played, cast, orders, validators, FIRST_MTU, MTU_MS, progress)  # type: ignore[arg-type]
        await driver.register()
        await driver.trade()

    trio.run(run, clock=MockClock(autojump_threshold=0.001))
    return progress, validators


def test_the_same_seed_submits_the_same() -> None:
    """Orders and readings byte for byte, however the answers come; another seed says something else."""
    first, again, other, stormy = Chain(), Chain(), Chain(), Chain()
    progress, _ = play(first)
    play(again)
    play(other, seed=2)
    play(stormy, down, None, None)
    assert first.said() == again.said() == stormy.said()
    assert other.said() != first.said()
    assert max(first.said().values()) == 1
    assert progress.readings == 5 * 96
    assert progress.orders == 2 * 96
    assert progress.rejected == {}


def test_a_part_of_the_day() -> None:
    """Only its readings and orders, one sheet a point."""
    chain = Chain()
    progress, _ = play(chain, day=small().during(NOON, NOON + 5))
    assert (progress.readings, progress.orders, progress.quarter) == (5 * 5, 2 * 5, NOON + 5)


def test_validators_take_turns() -> None:
    """None has all the work."""
    chain = Chain()
    _, validators = play(chain, None, None, None)
    asked = [validator.asked for validator in validators]
    assert min(asked) * 2 > max(asked) > 0


def test_what_one_does_not_take_another_gets() -> None:
    """Unreachable, full, or not in a block in time: the next one is asked; nothing counts as rejected."""
    replies: tuple[Reply, ...] = (
        down,
        lambda raw: rejected("POOL_FULL"),
        lambda raw: rejected("SENDER_LIMIT"),
        lambda raw: {"status": "pending"},
    )
    whole = Chain()
    play(whole)
    for reply in replies:
        chain = Chain()
        progress, _ = play(chain, reply, None)
        assert chain.said() == whole.said()
        assert progress.rejected == {}


def test_what_is_there_already_counts_once() -> None:
    """A validator took it and died before it could say so; the next one knows it."""
    chain = Chain()

    def takes_and_dies(raw: bytes) -> dict[str, Any]:
        chain.commit(raw)
        return down(raw)

    progress, _ = play(chain, takes_and_dies, None)
    whole = Chain()
    expected, _ = play(whole)
    assert chain.said() == whole.said()
    assert progress.transactions == expected.transactions == len(chain.committed)


def test_what_the_chain_refuses_is_counted_and_not_sent_again() -> None:
    """By code; the replay's report shows it."""
    chain = Chain()
    progress, _ = play(chain, lambda raw: rejected("FEE_UNPAID"))
    assert progress.rejected == {"FEE_UNPAID": progress.transactions}
    assert chain.committed == {}


def test_nobody_answers() -> None:
    """The replay gives up and says which transaction it was stuck with."""
    with pytest.raises(OperatorError, match="no validator took transaction"):
        play(Chain(), down)


def test_a_registration_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day is played on the first of three that leaves time for its first sheets; after those nothing is played."""
    day = small().during(NOON, NOON + 5)
    starts_ms = (FIRST_MTU + NOON) * MTU_MS
    latest_ms = starts_ms - FIRST_SHEETS_MTUS * MTU_MS
    for now_ms, days in ((starts_ms - 10**9, 0), (latest_ms, 0), (latest_ms + 1, 1), (latest_ms + 96 * MTU_MS + 1, 2)):
        monkeypatch.setattr(driver_file, "_now_ms", lambda now_ms=now_ms: now_ms)
        cast = Cast(day, 1, CHAIN, {zone: DSO_OF_ZONE[zone] for zone in day.zones})
        driver = Driver(day, cast, {}, [], FIRST_MTU, MTU_MS, Progress())
        assert driver.choose_day() == FIRST_MTU + 96 * days
    monkeypatch.setattr(driver_file, "_now_ms", lambda: latest_ms + 2 * 96 * MTU_MS + 1)
    with pytest.raises(OperatorError, match="registration took longer"):
        Driver(day, cast, {}, [], FIRST_MTU, MTU_MS, Progress()).choose_day()
