"""How long an audit of a whole chain takes: prints one JSON object.

    python -m bench.audit [--home DIR] [--sheets N] [--mtus N] [--seed N]

With `--home` the chain of a node that does not run, such as one of `gridnode testnet --dir`; else one made for it in memory: `--sheets`
participants of two zones, a third of them sellers, each with one sheet of `--mtus` orders, a block each; then the gates close, with a call
auction each. Seconds are real time.

    whole_s         all blocks verified: parts, signatures, hooks, every fill matched again, every auction proven
    last_s          the last block verified, those before it followed
    certificates_s  the auctions of each block by itself
    blocks, fills, auctions, auction_trades, endings    what was verified
    findings        0, or the audit is worth nothing
    populate_s      making the chain, or reading it from the disk
"""

import argparse
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gridnode.audit.certificates import check_certificates
from gridnode.audit.findings import Report
from gridnode.audit.verify import Audit
from gridnode.chain.genesis import Genesis
from gridnode.chain.recorded import RecordedBlock
from gridnode.cli.recordings import stored_blocks, stored_chain
from gridnode.modules.market.messages import PlaceSheet, SheetEntry
from gridnode.modules.market.tables import Mode
from gridnode.modules.registry.messages import BindMeter, RegisterParticipant, RegisterPoint
from gridnode.modules.registry.tables import Direction, Kind, Source
from gridnode.modules.token.messages import Mint
from gridnode.modules.token.tables import Denomination
from tests.chain_in_memory import account, keys_of
from tests.energy_world import DSO, MTU_MS, bid, offer
from tests.market_chain import FUNDS, MarketChain

ZONES = ("CITY", "NORTH")
AT_ONCE = 80
"""Participants registered in one block."""


class Traders(MarketChain):
    """A chain of many participants, each with one connection point."""

    def __init__(self, count: int, mtus: int) -> None:
        self.names = [f"p{number}" for number in range(count)]
        super().__init__(
            mode=Mode.BOTH,
            call_ms=1_000,
            lines=(20_000, 20_000),
            open_ahead_mtus=mtus + 4,
            match_steps_per_block=20_000,
        )

    def zone(self, name: str) -> str:
        """Where somebody lives."""
        return ZONES[self.names.index(name) % 2]

    def sells(self, name: str) -> bool:
        """Whether somebody has solar energy to sell."""
        return self.names.index(name) % 3 == 0

    def _register(self) -> None:
        for first in range(0, len(self.names), AT_ONCE):
            part = self.names[first : first + AT_ONCE]
            self.ok(("erc", [RegisterParticipant(account(one), Kind.PROSUMER, self.zone(one), one) for one in part]))
            for zone in ZONES:
                here = [one for one in part if self.zone(one) == zone]
                self.ok((DSO[zone], [RegisterPoint(f"{one}-point", account(one), zone) for one in here]))
                self.ok((DSO[zone], [_roof(one) for one in here if self.sells(one)]))
            self.ok(("bank", [Mint(account(one), Denomination.THB, FUNDS) for one in part]))


def _roof(name: str) -> BindMeter:
    meter = f"{name}-pv"
    key = keys_of(meter).public_key
    return BindMeter(meter, f"{name}-point", key, Direction.GENERATION, Source.SOLAR, 100_000)


def made(sheets: int, mtus: int, seed: int) -> tuple[Genesis, list[RecordedBlock]]:
    """A chain on which `sheets` sheets trade."""
    chance = random.Random(seed)
    chain = Traders(sheets, mtus)
    first = chain.time_ms // MTU_MS + 3
    for name in chain.names:
        entries = tuple(_entry(chance, chain.sells(name), first + ahead) for ahead in range(mtus))
        chain.ok((name, PlaceSheet(1, f"{name}-point", entries)), after_ms=1)
    for mtu in range(first, first + mtus):
        chain.until(mtu * MTU_MS - 1_000)
    chain.block()
    return chain.genesis, chain.recorded


def _entry(chance: random.Random, sells: bool, mtu: int) -> SheetEntry:
    energy_wh = chance.randint(50, 400)
    if sells:
        return offer(mtu, energy_wh, chance.randint(22, 45) * 100_000)
    return bid(mtu, energy_wh, chance.randint(26, 58) * 100_000)


def stored(home: Path) -> tuple[Genesis, list[RecordedBlock]]:
    """The chain of a node that does not run."""
    with stored_chain(home, None) as (genesis, store):
        return genesis, list(stored_blocks(store, 1, store.height))


def audited(genesis: Genesis, blocks: Sequence[RecordedBlock], first: int) -> tuple[Report, float]:
    """The report on all blocks, verified from a height on, and how long it took."""
    started = time.perf_counter()
    audit = Audit(genesis, first)
    for block in blocks:
        if not audit.take(block):
            break
    return audit.report, time.perf_counter() - started


def main() -> None:
    """Run the bench and print its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path)
    parser.add_argument("--sheets", type=int, default=416)
    parser.add_argument("--mtus", type=int, default=92)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.perf_counter()
    if options.home is not None:
        genesis, blocks = stored(options.home)
    else:
        genesis, blocks = made(options.sheets, options.mtus, options.seed)
    populate_s = time.perf_counter() - started
    whole, whole_s = audited(genesis, blocks, 1)
    _, last_s = audited(genesis, blocks, len(blocks))
    started = time.perf_counter()
    alone = [check_certificates(block, genesis) for block in blocks]
    figures: dict[str, Any] = {
        "whole_s": round(whole_s, 2),
        "last_s": round(last_s, 2),
        "certificates_s": round(time.perf_counter() - started, 2),
        "blocks": whole.blocks,
        "fills": whole.fills,
        "auctions": whole.auctions,
        "auction_trades": whole.awards,
        "endings": whole.endings,
        "findings": len(whole.findings) + sum(len(report.findings) for report in alone),
        "populate_s": round(populate_s, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
