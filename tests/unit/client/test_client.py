"""The Python SDK: what a wallet signs, and what a node's answers become, well-formed or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import trio

from gridnode.chain.transaction import decode_transaction, envelope_check
from gridnode.client.remote import Remote, RemoteProblem
from gridnode.client.wallet import Wallet, id_of
from gridnode.codec.canonical import unpack
from gridnode.codec.records import decode
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import key_pair, verify
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import Malformed

KEYS = key_pair(bytes(32))
PAY = Transfer(address_of(KEYS.public_key), Denomination.THB, 5)
Answer = Callable[[httpx.Request], httpx.Response]


def talk(answer: Answer, ask: Callable[[Remote], Any]) -> Any:
    """What `ask` makes of a node that answers so."""

    async def run() -> Any:
        async with Remote("http://node", transport=httpx.MockTransport(answer)) as remote:
            return await ask(remote)

    return trio.run(run)


def enveloped(data: Any, status: int = 200) -> httpx.Response:
    """An answer as the API gives it."""
    return httpx.Response(status, json={"data": data, "error": None, "timestamp": 1})


def failed(status: int, code: str, field: str | None = None) -> httpx.Response:
    """An error as the API gives it."""
    error = {"code": code, "message": "expected something", "field": field}
    return httpx.Response(status, json={"data": None, "error": error, "timestamp": 1})


def test_what_a_wallet_signs() -> None:
    raw = Wallet(KEYS, "chain").sign([PAY, PAY], now_ms=1_000, validity_ms=500)
    transaction = decode_transaction(raw)
    assert transaction.id == id_of(raw)
    assert transaction.sender == address_of(KEYS.public_key)
    assert (transaction.body.chain_id, transaction.body.valid_until_ms) == ("chain", 1_500)
    assert [decode(Transfer, message.body) for message in transaction.body.messages] == [PAY, PAY]
    assert verify(*envelope_check(transaction))


def test_two_alike_are_still_two() -> None:
    wallet = Wallet(KEYS, "chain")
    assert id_of(wallet.sign([PAY], 1)) != id_of(wallet.sign([PAY], 1))


@pytest.mark.parametrize("messages", [[], [PAY] * 257])
def test_a_transaction_has_1_to_256_messages(messages: list[Transfer]) -> None:
    with pytest.raises(Malformed, match="messages"):
        Wallet(KEYS, "chain").sign(messages, 1)


def test_get_leaves_out_what_is_none() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return enveloped({"path": request.url.path, "query": dict(request.url.params)})

    told = talk(answer, lambda remote: remote.get("energy/orders", mtu=7, zone=None))
    assert told == {"path": "/api/v1/energy/orders", "query": {"mtu": "7"}}


def test_submit_sends_a_batch_and_returns_its_rows() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == "application/msgpack"
        assert dict(request.url.params) == {"wait_ms": "9"}
        return enveloped([{"id": raw.hex()} for raw in unpack(request.content)], 202)

    assert talk(answer, lambda remote: remote.submit([b"a", b"b"], 9)) == [{"id": "61"}, {"id": "62"}]


def test_rows_of_a_batch_that_was_refused_are_returned_too() -> None:
    rows = [{"id": None, "status": "rejected", "error": {"code": "MALFORMED", "message": "", "field": None}}]
    assert talk(lambda _: enveloped(rows, 400), lambda remote: remote.submit([b"a"])) == rows


def test_pages_follow_next_to_the_end() -> None:
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        after = int(request.url.params.get("after", 0))
        return enveloped({"rows": [after + 1], "next": after + 1 if after < 2 else None})

    async def collect(remote: Remote) -> list[int]:
        return [row async for row in remote.pages("blocks", limit=1, mtu=5)]

    assert talk(answer, collect) == [1, 2, 3]
    assert asked[0] == {"limit": "1", "mtu": "5"}
    assert asked[2] == {"limit": "1", "mtu": "5", "after": "2"}


def test_a_problem_keeps_status_code_and_field() -> None:
    with pytest.raises(RemoteProblem, match=r"BAD_PARAMETER: expected something \(field mtu\)") as told:
        talk(lambda _: failed(400, "BAD_PARAMETER", "mtu"), lambda remote: remote.get("energy/orders"))
    assert (told.value.status, told.value.code, told.value.field) == (400, "BAD_PARAMETER", "mtu")
    with pytest.raises(RemoteProblem, match=r"POOL_FULL: expected something$"):
        talk(lambda _: failed(503, "POOL_FULL"), lambda remote: remote.submit([b"a"]))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"7"])
def test_what_is_no_envelope_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(RemoteProblem) as told:
        talk(lambda _: httpx.Response(502, content=body), lambda remote: remote.status())
    assert (told.value.status, told.value.code) == (502, "NO_ENVELOPE")


def test_a_node_that_cannot_be_reached() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(RemoteProblem, match="UNREACHABLE: http://node: refused") as told:
        talk(answer, lambda remote: remote.status())
    assert told.value.status == 0
