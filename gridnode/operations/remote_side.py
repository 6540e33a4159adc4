"""A running node, over its API, as one side of a comparison."""

from __future__ import annotations

from typing import Any

from gridnode.chain.block import Header, header_hash
from gridnode.chain.recorded import RecordedBlock, RecordedBlocks
from gridnode.client.remote import Remote, RemoteProblem
from gridnode.codec.records import decode, from_json
from gridnode.operations.side import At, Proven, RowPage, Rows, T
from gridnode.primitives.errors import Malformed
from gridnode.state.digests import Run, Runs
from gridnode.state.proof import StateProof, verify_proof


class RemoteSide:
    """A node that runs. Every method raises RemoteProblem when it does not answer, or not in the form that was expected."""

    def __init__(self, remote: Remote) -> None:
        self.name = remote.url
        self._remote = remote

    async def genesis_hash(self) -> bytes:
        """Of its chain."""
        return bytes.fromhex((await self._remote.status())["genesis_hash"])

    async def height(self) -> int:
        """Of its newest block."""
        return int((await self._remote.status())["height"])

    async def block_hash(self, height: int) -> bytes:
        """Hash of a block."""
        rows = (await self._remote.get("blocks", after=height + 1, limit=1))["rows"]
        if not rows or rows[0]["height"] != height:
            raise RemoteProblem(404, "NOT_FOUND", f"{self.name}: block {height} is not stored")
        return bytes.fromhex(rows[0]["hash"])

    async def block(self, height: int) -> RecordedBlock:
        """A block with its commit and receipts."""
        raw = await self._remote.raw(f"blocks/{height}/raw", count=1)
        try:
            [one] = decode(RecordedBlocks, raw).blocks
            return decode(RecordedBlock, one)
        except (Malformed, ValueError) as fault:
            raise RemoteProblem(200, "MALFORMED", f"{self.name}: block {height}: {fault}") from None

    async def roots(self) -> At[dict[str, str]]:
        """Root of each module's tree."""
        told = await self._remote.get("state")
        return _at(told, {row["name"]: row["root"] for row in told["modules"]})

    async def runs(self, kind: Rows, after: bytes) -> At[Runs]:
        """Digests of runs of rows."""
        told = await self._remote.get("state/digests", column=kind.value, after=after.hex())
        runs = [Run(bytes.fromhex(row["last"]), row["rows"], bytes.fromhex(row["digest"])) for row in told["runs"]]
        return _at(told, Runs(runs, told["finished"]))

    async def rows(self, kind: Rows, after: bytes, until: bytes) -> At[RowPage]:
        """Rows behind a key, up to and with another."""
        told = await self._remote.get("state/rows", column=kind.value, after=after.hex(), until=until.hex())
        rows = [(bytes.fromhex(key), bytes.fromhex(value)) for key, value in told["rows"]]
        return _at(told, RowPage(rows, told["finished"]))

    async def proven(self, key: bytes) -> Proven:
        """One row with the verdict of its proof."""
        told = await self._remote.get("proofs", key=key.hex())
        value = None if told["value"] is None else bytes.fromhex(told["value"])
        try:
            header, proof = from_json(Header, told["header"]), decode(StateProof, bytes.fromhex(told["proof_bytes"]))
        except Malformed as fault:
            raise RemoteProblem(200, "MALFORMED", f"{self.name}: proof: {fault}") from None
        same = header_hash(header).hex() == told["hash"]
        return Proven(value, same and verify_proof(header.state_root, key, value, proof))


def _at(told: dict[str, Any], found: T) -> At[T]:
    return At(told["height"], bytes.fromhex(told["hash"] or ""), found)
