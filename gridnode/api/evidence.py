"""Evidence in: POST /evidence with what a light client or an operator has found; it needs no sender and no fee, for it proves itself.

    {"attack": HEX}            record `gridnode.light.attack.Attack`: two final headers; who signed both in one round is accused
    {"evidence": [HEX, ...]}   records `gridnode.chain.evidence.Evidence`: two messages of one key each

Each piece stands or falls alone, and is verified before this node keeps it and tells it to others; after a forged one the rest is not
looked at.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response

from gridnode.api.answers import answer
from gridnode.api.parameters import Parameters
from gridnode.api.problems import Problem, problem_of
from gridnode.api.reading import Served
from gridnode.api.submit import SLICE_BYTES, body_of
from gridnode.chain.evidence import Evidence, check_contradiction, offence_of
from gridnode.codec.records import decode
from gridnode.crypto.address import encode_address
from gridnode.light.accuse import Unproven, accusations
from gridnode.light.attack import Attack
from gridnode.modules.validators.codes import ValidatorsCode
from gridnode.primitives.errors import Malformed, Rejected
from gridnode.primitives.limits import MAX_REPORTED_EVIDENCE

_EXPECTED: Final = '{"attack": hex} or {"evidence": [hex, ...]}'


async def report(request: Request) -> Response:
    """POST /evidence. 202 when at least one piece waits for a block now or did before, else the status of the first refusal."""
    Parameters(request, ())
    node: Served = request.app.state.node
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in ("application/json", ""):
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", "expected application/json", "content-type")
    body, chain_id = await body_of(request), node.store.chain_id
    # Taking apart what is large is no work for the node's loop.
    large = len(body) > SLICE_BYTES
    pieces = await trio.to_thread.run_sync(_pieces, body, chain_id) if large else _pieces(body, chain_id)
    rows: list[dict[str, Any]] = []
    first: Rejected | None = None
    for piece in pieces:
        refused = _taken(node, piece, rows)
        first = first or refused
        if refused is not None and refused.code is ValidatorsCode.FORGED:
            break
        await trio.lowlevel.checkpoint()
    if first is not None and all(row["status"] == "rejected" for row in rows):
        raise problem_of(first)
    return answer(rows, 202)


def _taken(node: Served, piece: Evidence, rows: list[dict[str, Any]]) -> Rejected | None:
    """Hand a piece to the pool and write its row. What it was refused for, or None."""
    offence = offence_of(piece)
    row: dict[str, Any] = {"validator": encode_address(offence.author), "height": offence.height, "round": offence.round}
    rows.append(row)
    try:
        is_new = node.evidence.report(piece)
    except Rejected as rejected:
        row |= {"status": "rejected", "error": problem_of(rejected).as_json()}
        return rejected
    row["status"] = "pending" if is_new else "known"
    return None


def _pieces(body: bytes, chain_id: str) -> list[Evidence]:
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise Problem(400, "MALFORMED", f"expected JSON: {error}", "body") from None
    if isinstance(value, dict) and set(value) == {"attack"}:
        return _of_attack(value["attack"], chain_id)
    if not isinstance(value, dict) or set(value) != {"evidence"} or not isinstance(value["evidence"], list):
        raise Problem(400, "MALFORMED", f"expected {_EXPECTED}", "body")
    listed = value["evidence"]
    if not 1 <= len(listed) <= MAX_REPORTED_EVIDENCE:
        raise Problem(400, "BAD_BATCH", f"expected 1 to {MAX_REPORTED_EVIDENCE} pieces, got {len(listed)}", "evidence")
    return [_of_hex(item, f"evidence[{index}]") for index, item in enumerate(listed)]


def _of_attack(text: Any, chain_id: str) -> list[Evidence]:
    try:
        attack = decode(Attack, _bytes_of(text))
        for header in (attack.ours.header, attack.theirs.header):
            if header.chain_id != chain_id:
                raise Problem(400, "WRONG_CHAIN", f"expected an attack on chain {chain_id}, got {header.chain_id}", "attack")
        return list(accusations(attack))
    except Unproven as unproven:
        raise Problem(422, "UNPROVEN", str(unproven), "attack") from None
    except Malformed as error:
        raise Problem(400, "MALFORMED", str(error), "attack") from None


def _of_hex(text: Any, field: str) -> Evidence:
    try:
        piece = decode(Evidence, _bytes_of(text))
        check_contradiction(piece)
    except Malformed as error:
        raise Problem(400, "MALFORMED", str(error), field) from None
    return piece


def _bytes_of(text: Any) -> bytes:
    try:
        found = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        found = b""
    if not found or 2 * len(found) != len(text):
        raise Malformed("expected canonical bytes in hex")
    return found
