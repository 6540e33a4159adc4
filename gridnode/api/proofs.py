"""Proofs: the row of a key, or that there is none, with what a client needs to check it against validators that it knows.

`gridnode.state.proof.verify_proof` takes the header's state root, the key, the value and the proof; the commit makes the header final.
"""

from __future__ import annotations

from typing import Any

from gridnode.api.blocks import commit_row
from gridnode.api.problems import Problem, bad_parameter, not_found
from gridnode.api.reading import Ask
from gridnode.chain.block import header_hash
from gridnode.codec.records import encode, to_json
from gridnode.crypto.address import ADDRESS_BYTES, decode_address
from gridnode.execution.tables import TABLES
from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_KEY_BYTES
from gridnode.state.key_parts import FixedPart, KeyPart, TextPart
from gridnode.state.prefixes import NAMES


def proof_of_key(ask: Ask) -> dict[str, Any]:
    """Proof for the state key `key` (hex)."""
    text = ask.parameters.text("key") or ""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if not 2 <= len(key) <= MAX_KEY_BYTES or key[0] not in NAMES or 2 * len(key) != len(text):
        raise bad_parameter("key", f"a state key of 2 to {MAX_KEY_BYTES} bytes in hex, its first byte a module", text)
    return _proof(ask, key)


def proof_of_row(ask: Ask) -> dict[str, Any]:
    """Proof for a row of a table by the parts of its key: one parameter `part` for each, in order."""
    name = f"{ask.parameters.text('module')}.{ask.parameters.text('table')}"
    table = TABLES.get(name)
    if table is None:
        raise not_found("table", f"{name}; expected one of {', '.join(TABLES)}")
    texts = ask.parameters.texts("part")
    if len(texts) != len(table.parts):
        wanted = ", ".join(part.expects for part in table.parts) or "none"
        raise bad_parameter("part", f"{len(table.parts)} parts of the key ({wanted})", f"{len(texts)} parts")
    try:
        key = table.key(*[_part(kind, text) for kind, text in zip(table.parts, texts, strict=True)])
    except Malformed as error:
        raise Problem(400, "BAD_PARAMETER", str(error), "part") from None
    return _proof(ask, key)


def _part(kind: KeyPart, text: str) -> Any:
    """A key part from its text: addresses in bech32m, other bytes in hex, names as they are, numbers in decimal."""
    if isinstance(kind, TextPart):
        return text
    try:
        if isinstance(kind, FixedPart):
            return decode_address(text) if kind.size == ADDRESS_BYTES else bytes.fromhex(text)
        return int(text)
    except ValueError:
        raise Malformed(f"expected {kind.expects}, got {text[:80]!r}") from None


def _proof(ask: Ask, key: bytes) -> dict[str, Any]:
    header = ask.view.header
    found = None if header is None else ask.node.store.final_block(header.height)
    if header is None or found is None:
        raise Problem(409, "NO_BLOCK", "expected a chain with at least one block; the state of genesis has no header")
    value, proof = ask.view.prove(key)
    return {
        "key": key.hex(),
        "value": None if value is None else value.hex(),
        "proof": to_json(proof),
        "proof_bytes": encode(proof).hex(),
        "header": to_json(header),
        "hash": header_hash(header).hex(),
        "commit": commit_row(found.commit),
    }
