"""Call auctions in blocks: the header has the certificate, an abandoned block leaves nothing, a reopened ledger makes the same block."""

from __future__ import annotations

from dataclasses import replace

from gridnode.codec.records import decode
from gridnode.execution.executed import Executed
from gridnode.execution.registry import EVENTS
from gridnode.modules.market import certificate
from gridnode.modules.market.auction_tables import AUCTIONS
from gridnode.modules.market.block_clearing import clearing_of, net_of, order_rows, rows_root
from gridnode.modules.market.events import AuctionRow
from gridnode.modules.market.messages import PlaceSheet
from gridnode.modules.market.rules import are_orders_done
from gridnode.modules.market.tables import Mode
from gridnode.modules.registry.messages import BindMeter, RegisterParticipant, RegisterPoint
from gridnode.modules.registry.tables import Direction, Kind, Source
from tests.chain_in_memory import MemoryChain, account, genesis, keys_of, openings
from tests.energy_world import MTU_MS, bid, offer

STEPS = 2


def _chain() -> MemoryChain:
    market = replace(openings()["market"], mode=Mode.BOTH, call_ms=1_000, match_steps_per_block=STEPS)
    chain = MemoryChain(genesis(market=market))
    for name, zone, dso in (("alice", "CITY", "mea"), ("carol", "NORTH", "pea")):
        assert chain.run("erc", RegisterParticipant(account(name), Kind.PROSUMER, zone, name)) == 0
        assert chain.run(dso, RegisterPoint(f"{name}-point", account(name), zone)) == 0
    key = keys_of("alice-pv").public_key
    assert chain.run("mea", BindMeter("alice-pv", "alice-point", key, Direction.GENERATION, Source.SOLAR, 1_000)) == 0
    return chain


def _trade(chain: MemoryChain, mtu: int) -> None:
    chain.block(
        chain.transaction("alice", PlaceSheet(1, "alice-point", tuple(offer(mtu, 10 * n, 2_000_000) for n in range(1, 5)))),
        chain.transaction("carol", PlaceSheet(1, "carol-point", tuple(bid(mtu, 9 * n, 2_300_000) for n in range(1, 5)))),
        after_ms=mtu * MTU_MS - 1_500 - chain.ledger.tip.time_ms,
    )
    chain.block(
        chain.transaction("carol", PlaceSheet(2, "carol-point", tuple(bid(mtu, 9 * n, 3_000_000) for n in range(1, 5)))),
        after_ms=100,
    )


def _rows(executed: Executed) -> list[AuctionRow]:
    events = [event for event in executed.receipts[-1].events if event.kind == "market.auction_rows"]
    return [row for event in events for row in decode(EVENTS[event.kind], event.body).rows]  # type: ignore[attr-defined]


def test_the_header_proves_the_auction() -> None:
    chain = _chain()
    mtu = chain.ledger.tip.time_ms // MTU_MS + 3
    _trade(chain, mtu)
    held = chain.block(after_ms=400)
    header = held.block.header
    [summary] = header.energy.clearings
    rows = _rows(held)
    assert len(rows) == summary.orders == 12
    assert summary.orders_root == rows_root(rows)
    clearing = clearing_of(summary, rows)
    assert certificate.check(order_rows(["CITY", "NORTH"], rows), net_of(summary), clearing) == []
    assert clearing.prices["NORTH"] - clearing.prices["CITY"] == 220_000
    assert AUCTIONS.require(chain.reader, mtu).summary == summary
    assert header.energy.traded_wh == 9 + 1  # the two trades that a block may write


def test_abandoned_blocks_and_restarts_in_every_phase_make_the_same_blocks() -> None:
    chain = _chain()
    mtu = chain.ledger.tip.time_ms // MTU_MS + 3
    _trade(chain, mtu)
    blocks = 0
    while not are_orders_done(chain.reader, mtu):
        abandoned = chain.build([], after_ms=400)
        again = chain.build([], after_ms=400)
        chain.ledger = chain.reopened()
        restarted = chain.block(after_ms=400)
        assert abandoned.block == again.block == restarted.block
        blocks += 1
    assert blocks > 2
