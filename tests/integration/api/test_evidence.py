"""POST /evidence: an attack convicts whoever signed both blocks; what is bad, old, forged, known or of nobody has its own answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from gridnode.chain.block import header_hash
from gridnode.chain.commit import Commit
from gridnode.chain.evidence import Evidence
from gridnode.chain.light_block import LightBlock
from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.codec.records import encode
from gridnode.light.attack import Attack
from gridnode.primitives.ids import Hash, Signature
from gridnode.primitives.limits import MAX_REPORTED_EVIDENCE
from tests.chain_in_memory import CHAIN, keys_of
from tests.integration.api.served import ServedChain, data, problem, served, text
from tests.validators_world import double_proposal, double_vote

Scene = Callable[[ServedChain, httpx.AsyncClient], Awaitable[None]]


def play(folder: Path, scene: Scene) -> None:
    """Run a scene against a new chain with two blocks."""

    async def run() -> None:
        with served(folder) as chain:
            await chain.block()
            await chain.block()
            async with chain.client() as client:
                await scene(chain, client)

    trio.run(run)


def block(chain: ServedChain, height: int) -> LightBlock:
    """A light block of the chain."""
    found = chain.store.light_block(height)
    assert found is not None
    return found


def attack(chain: ServedChain, *signers: str, height: int = 2, round_: int = 0, chain_id: str = CHAIN) -> Attack:
    """Another block at a height, signed by those named."""
    ours = block(chain, height)
    header = replace(ours.header, state_root=Hash(b"x" * 32), chain_id=chain_id)
    digest = header_hash(header)
    content = vote_hash(chain_id, VoteKind.PRECOMMIT, height, round_, digest)
    signatures = tuple(
        Signature(keys_of(f"{member.name}-node").sign(content) if member.name in signers else b"")
        for member in ours.validators.members
    )
    return Attack(block(chain, 1), ours, LightBlock(header, Commit(height, round_, digest, signatures), ours.validators))


def hexed(*pieces: Evidence) -> dict[str, Any]:
    """The body with pieces."""
    return {"evidence": [encode(piece).hex() for piece in pieces]}


async def sent(client: httpx.AsyncClient, found: Attack) -> tuple[int, str, str | None, str]:
    """The problem that an attack is answered with."""
    return await problem(client, "POST", "evidence", json={"attack": encode(found).hex()})


def test_an_attack_convicts_who_signed_both(tmp_path: Path) -> None:
    """Told to others, put into the next block; reported again it waits already, and later it is known for ever."""

    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        found = attack(chain, "mea", "pea")
        for status in ("pending", "known"):
            answer = await client.post("evidence", json={"attack": encode(found).hex()})
            assert answer.status_code == 202
            rows = answer.json()["data"]
            names = [member.name for member in found.ours.validators.members if member.name != "egat"]
            assert [row.pop("validator") for row in rows] == [text(f"{name}-node") for name in names]
            assert rows == [{"height": 2, "round": 0, "status": status}] * 2
        assert len(chain.told) == 2
        executed = await chain.block()
        assert len(executed.block.evidence) == 2
        chain.evidence.block_stored()
        convicted = (await data(client, "consensus"))["convictions"]
        assert sorted(row["name"] for row in convicted) == ["mea", "pea"]
        status, code, _, _ = await sent(client, found)
        assert (status, code) == (409, "ALREADY_CONVICTED")

    play(tmp_path / "chain", scene)


def test_pieces_stand_or_fall_alone(tmp_path: Path) -> None:
    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        pieces = (double_vote("stranger", 1), double_proposal("mea", 2), double_vote("mea", 1), double_vote("pea", 99))
        answer = await client.post("evidence", json=hexed(*pieces))
        assert answer.status_code == 202
        rows = answer.json()["data"]
        assert [row["status"] for row in rows] == ["rejected", "pending", "known", "rejected"]
        assert [row["error"]["code"] for row in rows if "error" in row] == ["UNKNOWN_KEY", "FROM_FUTURE"]
        assert rows[1]["validator"] == text("mea-node")

    play(tmp_path / "chain", scene)


def test_after_a_forged_piece_nothing_is_looked_at(tmp_path: Path) -> None:
    """Who forges does not get the rest verified for nothing."""

    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        good = double_vote("mea", 1)
        forged = replace(good, votes=tuple(replace(vote, signature=Signature(bytes(64))) for vote in good.votes))
        status, code, _, message = await problem(client, "POST", "evidence", json=hexed(forged, good))
        assert (status, code, message) == (401, "FORGED", "expected two valid signatures of the validator")
        assert len(chain.evidence) == 0
        found = attack(chain, "egat")
        wrong = tuple(sig and Signature(bytes(64)) for sig in found.theirs.commit.signatures)
        theirs = replace(found.theirs, commit=replace(found.theirs.commit, signatures=wrong))
        status, code, _, _ = await sent(client, replace(found, theirs=theirs))
        assert (status, code, chain.told) == (401, "FORGED", [])

    play(tmp_path / "chain", scene)


def test_what_is_too_old(tmp_path: Path) -> None:
    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        await chain.block(after_ms=100_000)
        await chain.block(after_ms=100_000)
        status, code, _, message = await problem(client, "POST", "evidence", json=hexed(double_vote("mea", 1)))
        assert (status, code) == (400, "TOO_OLD")
        assert "is more than 64000 ms old" in message

    play(tmp_path / "chain", scene)


def test_attacks_that_name_nobody_or_another_chain(tmp_path: Path) -> None:
    async def scene(chain: ServedChain, client: httpx.AsyncClient) -> None:
        status, code, field, message = await sent(client, attack(chain, "mea", "pea", "egat", round_=1))
        assert (status, code, field) == (422, "UNPROVEN", "attack")
        assert "committed in rounds 0 and 1" in message
        assert "amnesia" in message
        assert (await sent(client, attack(chain)))[:2] == (422, "UNPROVEN")
        assert (await sent(client, attack(chain, "mea", chain_id="other-1")))[:2] == (400, "WRONG_CHAIN")
        two = Attack(block(chain, 1), block(chain, 2), block(chain, 1))
        assert (await sent(client, two))[:2] == (422, "UNPROVEN")
        same = Attack(block(chain, 1), block(chain, 2), block(chain, 2))
        assert (await sent(client, same))[:2] == (400, "MALFORMED")
        assert (len(chain.evidence), chain.told) == (0, [])

    play(tmp_path / "chain", scene)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"", "MALFORMED", "body"),
        (b"{", "MALFORMED", "body"),
        (b"[]", "MALFORMED", "body"),
        (b'{"attack": "00", "evidence": []}', "MALFORMED", "body"),
        (b'{"evidence": "00"}', "MALFORMED", "body"),
        (b'{"evidence": []}', "BAD_BATCH", "evidence"),
        (b'{"evidence": [%s]}' % b",".join([b'"00"'] * (MAX_REPORTED_EVIDENCE + 1)), "BAD_BATCH", "evidence"),
        (b'{"evidence": ["00"]}', "MALFORMED", "evidence[0]"),
        (b'{"evidence": [{}]}', "MALFORMED", "evidence[0]"),
        (b'{"evidence": ["929090"]}', "MALFORMED", "evidence[0]"),
        (b'{"attack": 7}', "MALFORMED", "attack"),
        (b'{"attack": ""}', "MALFORMED", "attack"),
        (b'{"attack": "0 0"}', "MALFORMED", "attack"),
        (b'{"attack": "%s"}' % (b"ab" * 90_000), "MALFORMED", "attack"),
    ],
)
def test_wrong_bodies(tmp_path: Path, body: bytes, code: str, field: str) -> None:
    async def scene(_: ServedChain, client: httpx.AsyncClient) -> None:
        status, got, at, _ = await problem(client, "POST", "evidence", content=body, headers={"content-type": "application/json"})
        assert (status, got, at) == (400, code, field)

    play(tmp_path / "chain", scene)


def test_forms_and_bounds_of_requests(tmp_path: Path) -> None:
    async def scene(_: ServedChain, client: httpx.AsyncClient) -> None:
        wrong = await problem(client, "POST", "evidence", content=b"x", headers={"content-type": "text/plain"})
        assert wrong[:3] == (415, "UNSUPPORTED_MEDIA_TYPE", "content-type")
        large = await problem(client, "POST", "evidence", content=b" " * 200_001, headers={"content-type": "application/json"})
        assert large[:2] == (413, "BODY_TOO_LARGE")
        assert (await problem(client, "GET", "evidence"))[:2] == (405, "METHOD_NOT_ALLOWED")
        asked = await problem(client, "POST", "evidence?wait_ms=1", json=hexed(double_vote("mea", 1)))
        assert asked[:2] == (400, "BAD_PARAMETER")

    play(tmp_path / "chain", scene)


def test_it_is_described(tmp_path: Path) -> None:
    with served(tmp_path / "chain") as chain:

        async def scene() -> Any:
            async with chain.client() as client:
                return (await client.get("openapi.json")).json()

        described = trio.run(scene)
    assert set(described["paths"]["/api/v1/evidence"]) == {"post"}
