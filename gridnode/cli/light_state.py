"""Rows of the state, proven against a header that the light client verified: what a node says of them is not believed."""

from __future__ import annotations

from typing import Any, NamedTuple

from gridnode.chain.block import Header, header_hash
from gridnode.client.light import LightClient
from gridnode.client.remote import Remote, RemoteProblem
from gridnode.codec.records import from_json
from gridnode.crypto.address import decode_address
from gridnode.modules.token.tables import BALANCES, DECIMALS, Denomination
from gridnode.primitives.errors import Malformed, OperatorError
from gridnode.primitives.units import format_amount
from gridnode.state.proof import StateProof, verify_proof


class Proven(NamedTuple):
    """A row, or that there is none, under a verified header."""

    height: int  # of the header, whose state it is
    hash: str
    """Of the header."""
    key: str
    """State key in hex."""
    value: str | None
    """Row in hex; None when it is proven that there is none."""
    what: str
    """What it means, where that is known."""
    amount: str | None
    """A balance in whole units."""


async def proven_rows(client: LightClient, primary: Remote, account: str | None, key: bytes | None) -> list[Proven]:
    """The balances of an account, and the row of a key.

    Raises RemoteProblem when a proof does not hold, OperatorError for a wrong address.
    """
    rows: list[Proven] = []
    if account is not None:
        try:
            address = decode_address(account)
        except Malformed as fault:
            raise OperatorError(f"--account: {fault}") from None
        for denomination in Denomination:
            row = await _proven(client, primary, BALANCES.key(address, denomination), f"balance in {denomination.name}")
            raw = None if row.value is None else bytes.fromhex(row.value)
            amount = 0 if raw is None else BALANCES.value(raw)
            rows.append(row._replace(amount=format_amount(int(amount), DECIMALS[denomination])))
    if key is not None:
        rows.append(await _proven(client, primary, key, "row"))
    return rows


async def _proven(client: LightClient, primary: Remote, key: bytes, what: str) -> Proven:
    """The node names the height; the header of that height is verified first, then the proof against it."""
    found = await primary.get("proofs", key=key.hex())
    try:
        header, value, proof = _parsed(found)
    except (Malformed, KeyError, TypeError, ValueError) as fault:
        raise RemoteProblem(200, "BAD_PROOF", f"{primary.url}: malformed proof: {fault!s:.200}") from None
    verified = (await client.verified(header.height)).walked.block.header
    if header_hash(verified) != header_hash(header):
        raise RemoteProblem(200, "BAD_PROOF", f"{primary.url}: its proof is of another block {header.height} than the verified one")
    if not verify_proof(verified.state_root, key, value, proof):
        raise RemoteProblem(200, "BAD_PROOF", f"{primary.url}: its proof of {key.hex()} does not hold at block {header.height}")
    text = None if value is None else value.hex()
    return Proven(verified.height, header_hash(verified).hex(), key.hex(), text, what, None)


def _parsed(found: Any) -> tuple[Header, bytes | None, StateProof]:
    value = None if found["value"] is None else bytes.fromhex(found["value"])
    return from_json(Header, found["header"]), value, from_json(StateProof, found["proof"])
