"""How fast a node answers about its market: prints one JSON object.

    python -m bench.market_data [--orders N] [--mtus N] [--trades N] [--times N] [--seed N]

A chain in a LevelDB behind the real application, without sockets: that many open orders in one MTU (half bids, half offers that do not
meet, 200 limits, two zones), as many again spread over `--mtus` other MTUs, and trades. Each question is asked `--times` times in a row;
figures are milliseconds, from request to answer, JSON included.

    <question>        GET /energy/<question>: [median of the process's CPU time, median of real time, slowest of real time], each time
                      after a new block
    again             the book of the MTU once more at the same height
    answer_kib        size of the largest answer
    orders, trades    on the chain
    populate_s        making the chain
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import trio

from gridnode.chain.genesis import Genesis
from gridnode.modules.market.messages import PlaceSheet, SheetEntry
from gridnode.modules.market.tables import Mode, Side
from gridnode.modules.registry.messages import BindMeter, RegisterParticipant, RegisterPoint
from gridnode.modules.registry.tables import Direction, Kind, Source
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from tests.chain_in_memory import THB, account, genesis, keys_of, openings
from tests.energy_world import FIRST_MTU, MTU_MS, bid, offer
from tests.integration.api.served import ServedChain

MTU = FIRST_MTU + 40
SHEET_ORDERS = 96
SHEETS_IN_A_BLOCK = 20
WHOLE = 10**6
"""micro THB per kWh."""


def start() -> Genesis:
    """The test chain with auctions and room for all orders."""
    states = openings()
    market = replace(
        states["market"],
        mode=Mode.BOTH,
        call_ms=1_000,
        max_book_orders=100_000,
        max_open_orders=2_000,
        match_steps_per_block=100_000,
    )
    return genesis(market=market)


class Crowd:
    """Participants in both zones, each with a point and a meter, who send sheets."""

    def __init__(self, chain: ServedChain, people: int) -> None:
        self._chain = chain
        self._names = [f"home-{number}" for number in range(people)]
        self._sheets = 0

    async def join(self) -> None:
        """Enrol everybody."""
        for name in self._names:
            zone, dso = self._home(name)
            await self._chain.ok("erc", RegisterParticipant(account(name), Kind.PROSUMER, zone, name))
            key = keys_of(f"{name}-pv").public_key
            meter = BindMeter(f"{name}-pv", f"{name}-point", key, Direction.GENERATION, Source.SOLAR, 10**12)
            await self._chain.ok(dso, RegisterPoint(f"{name}-point", account(name), zone), meter)
            await self._chain.ok("bank", Transfer(account(name), Denomination.THB, 10 * THB), after_ms=1)

    def _home(self, name: str) -> tuple[str, str]:
        return ("CITY", "mea") if self._names.index(name) % 2 else ("NORTH", "pea")

    async def place(self, entries: list[SheetEntry]) -> None:
        """Send entries as sheets, each of a participant in turn, many in a block."""
        raws = []
        for first in range(0, len(entries), SHEET_ORDERS):
            name = self._names[self._sheets % len(self._names)]
            self._sheets += 1
            sheet = PlaceSheet(self._sheets, f"{name}-point", tuple(entries[first : first + SHEET_ORDERS]))
            raws.append(self._chain.raw(name, sheet))
        for first in range(0, len(raws), SHEETS_IN_A_BLOCK):
            results = await self._chain.intake.submit(raws[first : first + SHEETS_IN_A_BLOCK])
            assert all(result.rejected is None for result in results), results
            executed = await self._chain.block(10)
            assert not any(receipt.code for receipt in executed.receipts), executed.receipts


async def populate(chain: ServedChain, orders: int, mtus: int, trades: int, seed: int) -> None:
    """Orders that rest in one MTU, as many in others, and trades."""
    chance = random.Random(seed)
    crowd = Crowd(chain, 40)
    await crowd.join()

    def resting(mtu: int) -> SheetEntry:
        if chance.random() < 0.5:
            return bid(mtu, chance.randint(1, 20), WHOLE + chance.randrange(200) * 1_000)
        return offer(mtu, chance.randint(100, 10_000), 3 * WHOLE + chance.randrange(200) * 1_000)

    for number in range(0, trades, SHEET_ORDERS):
        mtu = FIRST_MTU + 10 + number // SHEET_ORDERS % 20
        for side in (Side.OFFER, Side.BID):
            make = offer if side is Side.OFFER else bid
            price = 2 * WHOLE if side is Side.OFFER else 3 * WHOLE
            await crowd.place([make(mtu, 1, price)] * min(SHEET_ORDERS, trades - number))
    await crowd.place([resting(MTU) for _ in range(orders)])
    await crowd.place([resting(MTU + 1 + number % mtus) for number in range(orders)])


async def measured(chain: ServedChain, client: httpx.AsyncClient, path: str, times: int, fresh: bool = True) -> tuple[list[float], float]:
    """Three figures of a question in ms, and the size of its answer in KiB."""
    worked, taken = [], []
    for _ in range(times):
        if fresh:
            await chain.block(1)
        begin, begin_cpu = time.perf_counter(), time.process_time()
        response = await client.get(path)
        worked.append((time.process_time() - begin_cpu) * 1_000)
        taken.append((time.perf_counter() - begin) * 1_000)
        assert response.status_code == 200, response.text
    three = statistics.median(worked), statistics.median(taken), max(taken)
    return [round(figure, 1) for figure in three], len(response.content) / 1024


async def figures(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Everything that is printed."""
    chain = ServedChain(folder, start())
    begin = time.perf_counter()
    await populate(chain, options.orders, options.mtus, options.trades, options.seed)
    found: dict[str, Any] = {"orders": 2 * options.orders, "populate_s": round(time.perf_counter() - begin, 1)}
    sizes = []
    async with chain.client() as client:
        found["trades"] = (await client.get("energy/stats")).json()["data"]["trades"]
        for path in (
            f"book/{MTU}",
            f"book/{MTU}?zone=CITY&limit=5",
            "candles?interval=hour",
            "history",
            "stats",
            f"stats?mtu={MTU}",
            f"orders?mtu={MTU}&limit=50",
            "trades?limit=50",
            "periods",
        ):
            found[path.replace(str(MTU), "MTU")], size = await measured(chain, client, f"energy/{path}", options.times)
            sizes.append(size)
        found["again"], _ = await measured(chain, client, f"energy/book/{MTU}", options.times, fresh=False)
        tip = chain.store.header
        assert tip is not None
        await chain.block(after_ms=MTU * MTU_MS - 2_000 - tip.time_ms)
        found["auctions/MTU/indicative"], _ = await measured(
            chain, client, f"energy/auctions/{MTU}/indicative", options.times
        )
        found["stats in the call phase"], _ = await measured(chain, client, "energy/stats", options.times)
    chain.store.close()
    return found | {"answer_kib": round(max(sizes), 1)}


def main() -> None:
    """Make a chain, ask it, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--mtus", type=int, default=50)
    parser.add_argument("--trades", type=int, default=2_000)
    parser.add_argument("--times", type=int, default=11)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = trio.run(figures, Path(folder), options)
    print("{" + ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in found.items())[1:] + "}")


if __name__ == "__main__":
    main()
