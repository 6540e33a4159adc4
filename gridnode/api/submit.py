"""Transactions in: POST /transactions with one or a batch, as msgpack or JSON.

    application/msgpack   the bytes of one signed transaction, or a canonical array of such byte strings
    application/json      {"transaction": T} or {"transactions": [T, ...]}, each T the signed bytes in hex, or an object
                          {chain_id, sender_key, valid_until_ms, salt, messages: [{kind, body: {...}}], signature}

Each transaction of a batch stands or falls alone. `wait_ms` asks the node to answer only when those accepted are in a block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from typing import Any, Final

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response

from gridnode.api.answers import answer
from gridnode.api.parameters import MAX_WAIT_MS, Parameters
from gridnode.api.problems import Problem, problem_of
from gridnode.api.reading import Served
from gridnode.chain.transaction import SignedTransaction, TransactionBody
from gridnode.codec.canonical import unpack
from gridnode.codec.fields import Bytes
from gridnode.codec.records import encode, from_json
from gridnode.execution.registry import message_from_json
from gridnode.node.intake import Submitted
from gridnode.node.ledger_store import LedgerStore
from gridnode.primitives.errors import Malformed, Rejected
from gridnode.primitives.ids import TransactionId
from gridnode.primitives.limits import MAX_SUBMIT_BATCH, MAX_TRANSACTION_BYTES

SLICE_BYTES = 16 * 1024
"""Of signed transactions: a few milliseconds of taking apart and checking."""
_HEX: Final = Bytes(1, MAX_TRANSACTION_BYTES)
_MSGPACK: Final = ("application/msgpack", "application/x-msgpack", "application/octet-stream")


async def submit(request: Request) -> Response:
    """POST /transactions. 202 when at least one was accepted, else the status of the first refusal."""
    wait_ms = Parameters(request, ("wait_ms",)).integer("wait_ms", 0, MAX_WAIT_MS) or 0
    node: Served = request.app.state.node
    raws, single = await _transactions_of(request)
    results: list[Submitted] = []
    for part in _slices(raws):
        results += await node.intake.submit(part)
    if wait_ms:
        await _wait(node, [result.id for result in results if result.id and result.rejected is None], wait_ms)
    first = results[0]
    if single and first.rejected is not None:
        raise problem_of(first.rejected)
    rows = [_row(result, node.store) for result in results]
    accepted = any(result.rejected is None for result in results)
    status = 202 if accepted or first.rejected is None else problem_of(first.rejected).status
    return answer(rows[0] if single else rows, status)


def _slices(raws: list[bytes]) -> Iterator[list[bytes]]:
    """A large batch in parts of about SLICE_BYTES: the node's loop turns to consensus between them."""
    part: list[bytes] = []
    size = 0
    for raw in raws:
        part.append(raw)
        size += len(raw)
        if size >= SLICE_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


async def _wait(node: Served, ids: list[TransactionId], wait_ms: int) -> None:
    """Until all are in blocks, one after the other: who comes second has usually arrived by then."""
    with trio.move_on_after(wait_ms / 1000):
        for transaction_id in ids:
            if node.store.height_of(transaction_id) is None:
                await node.feed.transaction(transaction_id, wait_ms)


def _row(result: Submitted, store: LedgerStore) -> dict[str, Any]:
    row: dict[str, Any] = {"id": None if result.id is None else result.id.hex()}
    if result.rejected is not None:
        return row | {"status": "rejected", "error": problem_of(result.rejected).as_json()}
    height = None if result.id is None else store.height_of(result.id)
    return row | {"status": "pending" if height is None else "committed", "height": height}


async def _transactions_of(request: Request) -> tuple[list[bytes], bool]:
    body = await body_of(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _MSGPACK:
        raws, single = _from_msgpack(body)
    elif kind in ("application/json", ""):
        # Objects become records one by one, which takes its time: a large body is no work for the node's loop.
        large = len(body) > SLICE_BYTES
        raws, single = await trio.to_thread.run_sync(_from_json, body) if large else _from_json(body)
    else:
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", "expected application/json or application/msgpack", "content-type")
    if not 1 <= len(raws) <= MAX_SUBMIT_BATCH:
        raise Problem(400, "BAD_BATCH", f"expected 1 to {MAX_SUBMIT_BATCH} transactions, got {len(raws)}", "transactions")
    return raws, single


async def body_of(request: Request) -> bytes:
    """The whole body. Raises Problem(BODY_TOO_LARGE) above `api.max_body_bytes`."""
    most = request.app.state.node.config.api.max_body_bytes
    chunks: list[bytes] = []
    size = 0
    async with aclosing(request.stream()) as stream:
        async for chunk in stream:
            size += len(chunk)
            if size > most:
                raise Problem(413, "BODY_TOO_LARGE", f"expected at most {most} bytes", "body")
            chunks.append(chunk)
    return b"".join(chunks)


def _from_msgpack(body: bytes) -> tuple[list[bytes], bool]:
    try:
        value = unpack(body)
    except Malformed as error:
        raise Problem(400, "MALFORMED", str(error), "body") from None
    if not isinstance(value, tuple) or not value:
        raise Problem(400, "MALFORMED", "expected a signed transaction, or an array of signed transactions' bytes", "body")
    if len(value) == 2 and isinstance(value[1], bytes) and len(value[1]) == 64:
        return [body], True
    if not all(isinstance(item, bytes) for item in value):
        raise Problem(400, "MALFORMED", "expected each transaction as a byte string", "transactions")
    return list(value), False


def _from_json(body: bytes) -> tuple[list[bytes], bool]:
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise Problem(400, "MALFORMED", f"expected JSON: {error}", "body") from None
    if isinstance(value, dict) and set(value) == {"transaction"}:
        return [_raw_of(value["transaction"], "transaction")], True
    if isinstance(value, dict) and set(value) == {"transactions"} and isinstance(value["transactions"], list):
        return [_raw_of(item, f"transactions[{index}]") for index, item in enumerate(value["transactions"])], False
    raise Problem(400, "MALFORMED", 'expected {"transaction": ...} or {"transactions": [...]}', "body")


def _raw_of(value: Any, field: str) -> bytes:
    try:
        return _HEX.from_json(value) if isinstance(value, str) else _structured(value)
    except Malformed as error:
        raise Problem(400, "MALFORMED", str(error), field) from None
    except Rejected as rejected:
        raise problem_of(rejected) from None


def _structured(value: Any) -> bytes:
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list):
        raise Malformed("expected hex or an object with chain_id, sender_key, valid_until_ms, salt, messages, signature")
    messages = [message_from_json(item) for item in value["messages"]]
    parts = {name: item for name, item in value.items() if name not in ("messages", "signature")}
    body = from_json(TransactionBody, parts | {"messages": messages})
    return encode(from_json(SignedTransaction, {"body": encode(body).hex(), "signature": value.get("signature")}))
