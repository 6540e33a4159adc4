"""A proof that is not only shown but checked, as a client that trusts no node would."""

from __future__ import annotations

from typing import Any

from gridnode.chain.block import Header, header_hash
from gridnode.cli.ask import get
from gridnode.client.remote import RemoteProblem
from gridnode.codec.records import from_json
from gridnode.primitives.errors import OperatorError
from gridnode.state.proof import StateProof, verify_proof


def checked_proof(api: str, table: str, parts: list[str]) -> dict[str, Any]:
    """Row and proof of `table` (`module.table`), with `verified`: whether the proof and the header hold together.

    Who made the header final is another question: its commit needs validators that one knows (`gridnode.chain.commit.check_commit`).
    Raises OperatorError for a name that is no table's, RemoteProblem when the node refuses or its proof does not hold.
    """
    module, dot, name = table.partition(".")
    if not dot:
        raise OperatorError(f"expected module.table such as token.balances, got {table!r}")
    found: dict[str, Any] = get(api, f"proofs/{module}/{name}", part=parts)
    header = from_json(Header, found["header"])
    value = None if found["value"] is None else bytes.fromhex(found["value"])
    proof = from_json(StateProof, found["proof"])
    holds = verify_proof(header.state_root, bytes.fromhex(found["key"]), value, proof)
    if not holds or header_hash(header).hex() != found["hash"]:
        raise RemoteProblem(200, "BAD_PROOF", "the node's proof does not hold")
    return {"key": found["key"], "value": found["value"], "verified": True, "height": header.height, "hash": found["hash"]}
