"""Questions about the chain: status, blocks, transactions, peers."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gridnode.api.answers import answer
from gridnode.api.blocks import header_row, waiting_transaction, whole_block, whole_transaction
from gridnode.api.parameters import MAX_WAIT_MS, Parameters
from gridnode.api.problems import gone, not_found
from gridnode.api.reading import Ask, Served
from gridnode.chain.block import header_hash
from gridnode.primitives.ids import TransactionId


def status(ask: Ask) -> dict[str, Any]:
    """The node in a few lines: chain, height, state root, consensus, pool."""
    node, header = ask.node, ask.view.header
    return {
        "name": node.config.name,
        "type": node.config.type,
        "chain_id": node.store.chain_id,
        "genesis_hash": node.store.genesis_hash.hex(),
        "height": ask.view.height,
        "hash": header_hash(header).hex() if header is not None else None,
        "state_root": header.state_root.hex() if header is not None else None,
        "time_ms": ask.time_ms,
        **node.status(),
        "accepted": node.intake.accepted,
        "rejected": dict(node.intake.rejected),
    }


def consensus_state(ask: Ask) -> dict[str, Any]:
    """What consensus waits for: round, step, proposer, votes here and missing, timeouts, peers, clocks, pool, disk.

    `gridnode why` puts it into words.
    """
    return ask.node.standing()


def blocks(ask: Ask) -> dict[str, Any]:
    """Blocks from the latest down; `after` is a height, only blocks below it are listed."""
    limit = ask.parameters.limit()
    after = ask.parameters.integer("after")
    top = ask.view.height if after is None else min(after - 1, ask.view.height)
    rows = []
    for height in range(top, max(0, top - limit), -1):
        header = ask.node.store.block_header(height)
        if header is not None:
            rows.append(header_row(header))
    lowest = top - limit + 1
    has_more = lowest > 1 and ask.node.store.block_header(lowest - 1) is not None
    return {"rows": rows, "next": lowest if has_more else None}


def block(ask: Ask) -> dict[str, Any]:
    """One block by height, with transactions, outcomes and the commit that made it final; `events=false` leaves events out."""
    return _block(ask, ask.parameters.required_integer("height"))


def block_by_hash(ask: Ask) -> dict[str, Any]:
    """One block by the hash of its header."""
    block_hash = ask.parameters.hexadecimal("hash", 32) or b""
    height = ask.node.store.height_of_hash(block_hash)
    if height is None:
        raise not_found("block", block_hash.hex())
    return _block(ask, height)


def _block(ask: Ask, height: int) -> dict[str, Any]:
    store = ask.node.store
    found = store.final_block(height) if 1 <= height <= ask.view.height else None
    if found is None and 1 <= height < store.first_height:
        raise gone(height, store.first_height, ask.view.height)
    if found is None:
        raise not_found("block", f"{height}; the latest is {ask.view.height}")
    with_events = ask.parameters.boolean("events") is not False
    receipts = store.receipts(height)
    if height < store.first_height:  # pruned while it was read
        raise gone(height, store.first_height, ask.view.height)
    return whole_block(found, receipts, with_events)


def snapshots(ask: Ask) -> dict[str, Any]:
    """Snapshots that this node keeps, the newest first, and from which block on it has the chain whole."""
    return {
        "first_height": ask.node.store.first_height,
        "height": ask.view.height,
        "rows": [
            {
                "height": manifest.height,
                "hash": manifest.block_hash.hex(),
                "state_root": manifest.state_root.hex(),
                "rows": manifest.rows,
                "bytes": manifest.bytes,
                "chunks": len(manifest.chunks),
                "manifest_hash": name.hex(),
            }
            for name, manifest in ask.node.snapshots.named()
        ],
    }


async def transaction(request: Request) -> Response:
    """One transaction: committed with its receipt, or pending in this node's pool; `wait_ms` waits for its block."""
    node: Served = request.app.state.node
    parameters = Parameters(request, ("wait_ms",))
    transaction_id = TransactionId(parameters.hexadecimal("id", 32) or b"")
    wait_ms = parameters.integer("wait_ms", 0, MAX_WAIT_MS) or 0
    if wait_ms and node.store.height_of(transaction_id) is None:
        await node.feed.transaction(transaction_id, wait_ms)
    found = node.store.transaction(transaction_id)
    if found is not None:
        return answer(whole_transaction(found))
    waiting = node.pool.get(transaction_id)
    if waiting is None:
        raise not_found("transaction", transaction_id.hex())
    return answer(waiting_transaction(waiting))


def peers(ask: Ask) -> list[dict[str, Any]]:
    """Every peer that was ever linked, as this node sees it; `direction` is none for those that are gone."""
    return [
        {
            "name": row.name,
            "key": row.peer_key.hex(),
            "direction": row.direction,
            "score": row.score,
            "banned_until_ms": row.banned_until_ms or None,
            "banned_for": row.banned_for or None,
            "bans": row.bans,
            "faults": row.faults,
            "last_fault": row.last_fault or None,
            "validator": row.preferred,
            "held_up_ms": row.held_up_ms,
            "excess": row.excess,
            "round_trip_us": row.round_trip_us or None,
            "messages_in": row.messages_in,
            "messages_out": row.messages_out,
            "bytes_in": row.bytes_in,
            "bytes_out": row.bytes_out,
            "dropped": row.dropped,
        }
        for row in ask.node.network.peer_stats()
    ]
