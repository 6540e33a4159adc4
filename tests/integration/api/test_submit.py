"""POST /transactions in every form, what is refused and how it is said, and waiting for a block."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from gridnode.api.submit import SLICE_BYTES
from gridnode.chain.transaction import decode_transaction, transaction_id
from gridnode.codec.canonical import pack
from gridnode.codec.records import to_json
from gridnode.execution.registry import message_to_json
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.limits import MAX_SUBMIT_BATCH
from tests.chain_in_memory import THB, account
from tests.integration.api.served import ServedChain, data, problem, served

MSGPACK = {"content-type": "application/msgpack"}
JSON = {"content-type": "application/json"}
Scene = Callable[[ServedChain, httpx.AsyncClient], Awaitable[None]]


def play(folder: Path, scene: Scene, **pool: int) -> None:
    """Run a scene against a new chain with one block."""

    async def run() -> None:
        with served(folder, **pool) as chain:
            await chain.block()
            async with chain.client() as client:
                await scene(chain, client)

    trio.run(run)


def pay(chain: ServedChain, amount: int = THB, **options: int | str) -> bytes:
    """A transfer from alice to bob."""
    return chain.raw("alice", Transfer(account("bob"), Denomination.THB, amount), **options)


def as_object(raw: bytes) -> dict[str, object]:
    """A signed transaction as the JSON object that the API takes."""
    transaction = decode_transaction(raw)
    body = to_json(transaction.body)
    body["messages"] = [message_to_json(message) for message in transaction.body.messages]
    return body | {"signature": transaction.signature.hex()}


def test_each_form_is_taken(tmp_path: Path) -> None:
    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        first, second, third, fourth, fifth = (pay(chain) for _ in range(5))
        one = await client.post("transactions", content=first, headers=MSGPACK)
        assert one.status_code == 202
        assert one.json()["data"] == {"id": transaction_id(first).hex(), "status": "pending", "height": None}
        batch = await client.post("transactions", content=pack([second, third]), headers=MSGPACK)
        assert [row["id"] for row in batch.json()["data"]] == [transaction_id(raw).hex() for raw in (second, third)]
        text = await client.post("transactions", json={"transaction": fourth.hex()})
        assert text.json()["data"]["id"] == transaction_id(fourth).hex()
        made = await client.post("transactions", json={"transactions": [as_object(fifth)]})
        assert made.json()["data"][0]["id"] == transaction_id(fifth).hex()
        assert len((await chain.block()).transactions) == 5

    play(tmp_path, scene)


def test_a_batch_stands_or_falls_one_by_one(tmp_path: Path) -> None:
    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        good = pay(chain)
        bad = good[:-1] + bytes([good[-1] ^ 1])
        answer = await client.post("transactions", content=pack([bad, good, good]), headers=MSGPACK)
        assert answer.status_code == 202
        rows = answer.json()["data"]
        assert [row["status"] for row in rows] == ["rejected", "pending", "rejected"]
        assert [row.get("error", {}).get("code") for row in rows] == ["BAD_SIGNATURE", None, "DUPLICATE"]

    play(tmp_path, scene)


def test_a_large_batch_is_answered_in_its_order(tmp_path: Path) -> None:
    """Larger than what is taken in at once, as msgpack and as JSON objects."""

    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        pays = [Transfer(account("bob"), Denomination.THB, 1)] * 100
        raws = [chain.raw("alice", *pays) for _ in range(30)]
        assert sum(map(len, raws[:20])) > SLICE_BYTES
        rows = (await client.post("transactions", content=pack(raws[:20]), headers=MSGPACK)).json()["data"]
        assert [row["id"] for row in rows] == [transaction_id(raw).hex() for raw in raws[:20]]
        objects = [as_object(raw) for raw in raws[20:]]
        rows = (await client.post("transactions", json={"transactions": objects})).json()["data"]
        assert [row["id"] for row in rows] == [transaction_id(raw).hex() for raw in raws[20:]]
        assert {row["status"] for row in rows} == {"pending"}
        assert len(chain.pool) == 30

    play(tmp_path, scene)


def test_waiting_ends_with_the_block(tmp_path: Path) -> None:
    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        raw = pay(chain)
        name = transaction_id(raw).hex()
        answers: dict[str, object] = {}

        async def submit() -> None:
            answer = await client.post("transactions", params={"wait_ms": 60_000}, content=raw, headers=MSGPACK)
            answers["submit"] = answer.json()["data"]

        async def watch() -> None:
            answers["watch"] = await data(client, f"transactions/{name}", wait_ms=60_000)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(submit)
            await wait_all_tasks_blocked()
            nursery.start_soon(watch)
            await wait_all_tasks_blocked()
            assert answers == {}
            pending = await data(client, f"transactions/{name}")
            assert (pending["status"], pending["messages"][0]["kind"]) == ("pending", "token.transfer")
            await chain.block()
        assert answers["submit"] == {"id": name, "status": "committed", "height": 2}
        watched = answers["watch"]
        assert isinstance(watched, dict)
        assert (watched["status"], watched["height"], watched["code_name"]) == ("committed", 2, "OK")

    play(tmp_path, scene)


def test_waiting_in_vain_says_pending(tmp_path: Path) -> None:
    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        answer = await client.post("transactions", params={"wait_ms": 1}, content=pay(chain), headers=MSGPACK)
        assert answer.json()["data"]["status"] == "pending"

    play(tmp_path, scene)


def test_what_the_chain_refuses_is_told_apart(tmp_path: Path) -> None:
    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        async def code(raw: bytes) -> tuple[int, str]:
            status, name, _, _ = await problem(client, "POST", "transactions", content=raw, headers=MSGPACK)
            return status, name

        raw = pay(chain)
        assert await code(raw[:-1] + bytes([raw[-1] ^ 1])) == (401, "BAD_SIGNATURE")
        assert await code(pay(chain, chain_id="another-chain")) == (400, "WRONG_CHAIN")
        assert await code(pay(chain, valid_ms=0)) == (400, "EXPIRED")
        assert await code(pay(chain, valid_ms=700_000)) == (400, "TOO_FAR_AHEAD")
        assert await code(chain.raw("nobody", Transfer(account("bob"), Denomination.THB, 1))) == (402, "FEE_UNPAID")
        assert (await client.post("transactions", content=raw, headers=MSGPACK)).status_code == 202
        assert await code(raw) == (409, "DUPLICATE")
        await chain.block()
        assert await code(raw) == (409, "DUPLICATE")
        rejected = (await data(client, "status"))["rejected"]
        assert rejected["DUPLICATE"] == 2

    play(tmp_path, scene)


def test_a_full_pool_says_so(tmp_path: Path) -> None:
    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        for expected in (202, 202, 429):
            answer = await client.post("transactions", content=pay(chain), headers=MSGPACK)
            assert answer.status_code == expected
        other = chain.raw("bob", Transfer(account("alice"), Denomination.THB, 1))
        assert (await client.post("transactions", content=other, headers=MSGPACK)).status_code == 202
        third = chain.raw("carol", Transfer(account("alice"), Denomination.THB, 1))
        status, code, _, message = await problem(client, "POST", "transactions", content=third, headers=MSGPACK)
        assert (status, code) == (503, "POOL_FULL")
        assert "later" in message

    play(tmp_path, scene, max_transactions=3, max_per_sender=2)


@pytest.mark.parametrize(
    ("content", "headers", "status", "code", "field"),
    [
        (b"", MSGPACK, 400, "MALFORMED", "body"),
        (b"\xc1", MSGPACK, 400, "MALFORMED", "body"),
        (pack([]), MSGPACK, 400, "MALFORMED", "body"),
        (pack(7), MSGPACK, 400, "MALFORMED", "body"),
        (pack([b"x", 7]), MSGPACK, 400, "MALFORMED", "transactions"),
        (pack([b"x"] * (MAX_SUBMIT_BATCH + 1)), MSGPACK, 400, "BAD_BATCH", "transactions"),
        (b"x" * 200_001, MSGPACK, 413, "BODY_TOO_LARGE", "body"),
        (b"{", JSON, 400, "MALFORMED", "body"),
        (b"[]", JSON, 400, "MALFORMED", "body"),
        (b'{"transactions": []}', JSON, 400, "BAD_BATCH", "transactions"),
        (b'{"transaction": "zz"}', JSON, 400, "MALFORMED", "transaction"),
        (b'{"transaction": "00 00"}', JSON, 400, "MALFORMED", "transaction"),
        (b'{"transaction": 7}', JSON, 400, "MALFORMED", "transaction"),
        (b'{"transaction": {}, "wait": 1}', JSON, 400, "MALFORMED", "body"),
        (b'{"transactions": ["00", {"messages": []}]}', JSON, 400, "MALFORMED", "transactions[1]"),
        (b"00", {"content-type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE", "content-type"),
    ],
)
def test_wrong_bodies_name_the_place(
    tmp_path: Path, content: bytes, headers: dict[str, str], status: int, code: str, field: str
) -> None:
    async def scene(_: ServedChain, client: httpx.AsyncClient) -> None:
        told = await problem(client, "POST", "transactions", content=content, headers=headers)
        assert told[:3] == (status, code, field)
        assert "expected" in told[3]

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"salt": -1}, "salt"),
        ({"chain_id": None}, "chain_id"),
        ({"signature": "00"}, "signature"),
        ({"signature": None}, "signature"),
        ({"extra": 1}, "extra"),
        ({"messages": "x"}, "messages"),
        ({"messages": [{"kind": "token.transfer"}]}, "messages"),
        ({"messages": [{"kind": "token.transfer", "body": {"amount": "x"}}]}, "recipient"),
        ({"messages": [{"kind": "no.such", "body": {}}]}, "expected one of"),
    ],
)
def test_a_wrong_field_of_an_object_is_named(tmp_path: Path, change: dict[str, object], words: str) -> None:
    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        value = as_object(pay(chain)) | change
        status, _, _, message = await problem(client, "POST", "transactions", json={"transaction": value})
        assert status == 400
        assert words in message

    play(tmp_path, scene)


def test_wait_ms_is_bounded(tmp_path: Path) -> None:
    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        for value in ("60001", "-1", "1.5", "x", ""):
            told = await problem(client, "POST", "transactions", params={"wait_ms": value}, content=pay(chain))
            assert told[:3] == (400, "BAD_PARAMETER", "wait_ms")

    play(tmp_path, scene)
