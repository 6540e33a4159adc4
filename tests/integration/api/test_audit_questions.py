"""Blocks as canonical bytes, enough to audit the chain; explanations of its trades and orders."""

from __future__ import annotations

import httpx
import pytest
import trio

from gridnode.audit.verify import Audit
from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.chain.recorded import MEDIA_TYPE, RecordedBlock, RecordedBlocks
from gridnode.cli.recordings import remote_blocks, remote_genesis
from gridnode.client.remote import Remote, RemoteProblem
from gridnode.codec.records import decode
from gridnode.primitives.limits import MAX_RAW_BLOCKS
from tests.integration.api.served import ServedChain, ask, refused
from tests.integration.api.trading_day import FULL_MTU, MTU


def raw(chain: ServedChain, path: str) -> bytes:
    """Bytes of an answer outside the envelope."""

    async def scene() -> bytes:
        async with chain.client() as client:
            response = await client.get(path)
            assert response.status_code == 200, response.text
            assert response.headers["content-type"] == MEDIA_TYPE
            return response.content

    return trio.run(scene)


def test_genesis_as_bytes(chain: ServedChain) -> None:
    genesis = decode(Genesis, raw(chain, "genesis/raw"))
    assert genesis_hash(genesis) == chain.store.genesis_hash


def test_blocks_as_bytes(chain: ServedChain) -> None:
    """One, several, and as many as there are."""
    (one,) = decode(RecordedBlocks, raw(chain, "blocks/3/raw")).blocks
    found = decode(RecordedBlock, one)
    assert found.block == chain.store.final_block(3).block  # type: ignore[union-attr]
    assert found.receipts == chain.store.receipts(3)
    assert len(decode(RecordedBlocks, raw(chain, "blocks/2/raw?count=5")).blocks) == 5
    height = chain.store.height
    assert len(decode(RecordedBlocks, raw(chain, f"blocks/{height - 1}/raw?count=64")).blocks) == 2


def test_wrong_heights_and_counts(chain: ServedChain) -> None:
    for height in (0, chain.store.height + 1):
        assert refused(chain, f"blocks/{height}/raw")[:2] == (404, "NOT_FOUND")
    assert refused(chain, "blocks/1/raw", count=MAX_RAW_BLOCKS + 1)[:3] == (400, "BAD_PARAMETER", "count")
    assert refused(chain, "blocks/1/raw", limit=1)[:3] == (400, "BAD_PARAMETER", "limit")


def test_what_a_node_hands_out_can_be_audited(chain: ServedChain) -> None:
    """Genesis and blocks through the client, all verified; errors come as problems."""

    async def scene() -> None:
        async with Remote("http://node", transport=httpx.ASGITransport(app=chain.app)) as remote:
            audit = Audit(await remote_genesis(remote), 1)
            async for block in remote_blocks(remote, 1, chain.store.height):
                audit.take(block)
            assert audit.report.findings == []
            assert audit.report.blocks == chain.store.height
            assert audit.report.fills == trades
            with pytest.raises(RemoteProblem, match="NOT_FOUND"):
                await remote.raw("blocks/1000000/raw")

    trades = ask(chain, "energy/stats")["trades"]
    trio.run(scene)


def test_a_trade_is_explained(chain: ServedChain) -> None:
    """carol in NORTH bought what alice in CITY offered."""
    number = next(row["number"] for row in ask(chain, "energy/trades", mtu=MTU)["rows"] if row["buyer_zone"] == "NORTH")
    found = ask(chain, f"energy/trades/{number}/explanation")
    assert found["text"].startswith(f"Trade {number}: ")
    assert found["rule"] == "resting_offer"
    assert found["resting_order"] == found["trade"]["seller_order"] == found["offer"]["number"]
    assert [share["name"] for share in found["wheeling_shares"]] == ["NORTH", "city-bus", "north-bus"]
    assert sum(share["share_micro"] for share in found["wheeling_shares"]) == found["wheeling_micro"]
    parts = found["price_micro"] + found["wheeling_micro"] + found["rent_micro"] + found["fee_micro"]
    assert found["total_micro"] == parts
    assert found["lines"][0]["line"] == "city-bus"
    assert found["benefit"]["both_can_gain"] is True
    assert refused(chain, "energy/trades/1000000/explanation")[:2] == (404, "NOT_FOUND")


def test_an_order_is_explained(chain: ServedChain) -> None:
    """More was wanted than the lines take: what rests says which line is full."""
    resting = [row for row in ask(chain, "energy/orders", mtu=FULL_MTU)["rows"] if row["status"] == "partly_filled"]
    assert resting
    for row in resting:
        found = ask(chain, f"energy/orders/{row['number']}/explanation")
        assert (found["standing"], found["cause"], found["book"]) == ("rests", "obstacle", "present")
        assert found["best"]["obstacle"] == "line_full"
        assert found["best"]["line"] == "city-bus"
        assert found["best"]["room_wh"] == 0
        assert "line city-bus is full" in found["text"]
    assert refused(chain, "energy/orders/1000000/explanation")[:2] == (404, "NOT_FOUND")
