"""The report of a replay: the finished chain, read through the API and added up; and what must hold of it.

Figures come from the rows that the chain kept (trades, orders, flows, settlements, blocks), not from what the replay believes it sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gridnode.client.remote import Remote
from gridnode.primitives.units import GRID_DECIMALS, format_amount, grid_of
from gridnode.replay.auctions import Auctions, read_auctions
from gridnode.replay.day import MTUS, Day
from gridnode.replay.driver import Progress
from gridnode.replay.money import Money, read_money, savings, tariffs_paid


@dataclass(slots=True)
class Books:
    """Orders and trades of the day, added up by quarter hour."""

    orders: int = 0
    """Orders placed."""
    trades: int = 0
    """Trades made."""
    traded_wh: list[int] = field(default_factory=lambda: [0] * MTUS)
    """Energy traded."""
    auctioned_wh: list[int] = field(default_factory=lambda: [0] * MTUS)
    """Part of it that call auctions traded."""
    value_micro_wh: list[int] = field(default_factory=lambda: [0] * MTUS)
    """Sum of Wh x seller price."""
    flow_wh: dict[str, list[int]] = field(default_factory=dict)
    """Zone -> net export between zones."""
    broken: list[str] = field(default_factory=list)
    """Trades outside a limit, quarter hours that trade more than was offered or bid."""

    def price_micro(self) -> list[int | None]:
        """Volume-weighted seller price of each quarter hour, 1e-6 THB/kWh, rounded down."""
        return [
            value // energy if energy else None
            for value, energy in zip(self.value_micro_wh, self.traded_wh, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Figures:
    """What the report was made from."""

    books: Books
    """Orders and trades."""
    auctions: Auctions
    """Call auctions."""
    money: Money
    """Settlements."""


async def read_books(remote: Remote, day: Day, first_mtu: int) -> Books:
    """Orders and trades of all quarter hours; checks each trade against the limits of both its orders."""
    books = Books(flow_wh={zone: [0] * MTUS for zone in day.zones})
    for quarter in day.quarters:
        mtu = first_mtu + quarter
        orders = {row["number"]: row async for row in remote.pages("energy/orders", mtu=mtu)}
        books.orders += len(orders)
        async for trade in remote.pages("energy/trades", mtu=mtu):
            _add_trade(books, quarter, trade, orders)
        most = min(_offered(orders, side) for side in ("bid", "offer"))
        if books.traded_wh[quarter] > most:
            books.broken.append(f"quarter hour {quarter}: {books.traded_wh[quarter]} Wh traded of {most} Wh")
    return books


def _offered(orders: Mapping[int, Any], side: str) -> int:
    return sum(row["energy_wh"] for row in orders.values() if row["side"] == side)


def _add_trade(books: Books, quarter: int, trade: Mapping[str, Any], orders: Mapping[int, Any]) -> None:
    energy, price = trade["energy_wh"], trade["price_micro"]
    books.trades += 1
    books.traded_wh[quarter] += energy
    books.value_micro_wh[quarter] += energy * price
    if trade["path"]:
        books.auctioned_wh[quarter] += energy
    if trade["seller_zone"] != trade["buyer_zone"]:
        books.flow_wh[trade["seller_zone"]][quarter] += energy
        books.flow_wh[trade["buyer_zone"]][quarter] -= energy
    buyer, seller = orders[trade["buyer_order"]], orders[trade["seller_order"]]
    delivered = price + trade["wheeling_micro"] + trade["rent_micro"]
    if price < seller["limit_micro"] or delivered > buyer["limit_micro"]:
        books.broken.append(f"trade {trade['number']}: {price} is outside a limit")


async def read_blocks(remote: Remote, first: int, last: int) -> tuple[int, Counter[str]]:
    """Transactions in the blocks from `first` to `last`, and those that were rejected by code."""
    count, rejected = 0, Counter[str]()
    for height in range(first, last + 1):
        block = await remote.get(f"blocks/{height}")
        for row in block["transactions"]:
            count += 1
            if row["code"]:
                rejected[row["code_name"]] += 1
    return count, rejected


async def state_roots(remotes: Mapping[str, Remote], height: int) -> dict[str, str]:
    """Each validator's state root after the block at `height`."""
    return {
        name: (await remote.get(f"blocks/{height}"))["header"]["state_root"]
        for name, remote in remotes.items()
    }


async def make_report(
    remotes: Mapping[str, Remote],
    day: Day,
    first_mtu: int,
    capacity_wh: Mapping[str, int],
    supply_start: int,
    progress: Progress,
    seconds: float,
) -> tuple[dict[str, Any], Figures]:
    """The report, a JSON object (its fields are explained in the README), and the figures it was made from."""
    remote = next(iter(remotes.values()))
    books = await read_books(remote, day, first_mtu)
    auctions = await read_auctions(remote, day, first_mtu)
    money = await read_money(remote, day, first_mtu)
    congestion = await remote.get("energy/congestion")
    stats = await remote.get("energy/stats")
    tokens = await remote.get("tokens")
    height = min([(await each.status())["height"] for each in remotes.values()])
    transactions, rejected = await read_blocks(remote, 1, height)
    minted = int(tokens["grid"]["supply"]) + int(tokens["grid"]["burned"])
    report = {
        "validators": list(remotes),
        "height": height,
        "state_roots": await state_roots(remotes, height),
        "meters": len(day.meters),
        "readings": stats["readings"],
        "generated_wh": stats["generated_wh"],
        "consumed_wh": stats["consumed_wh"],
        "minted_grid": format_amount(minted, GRID_DECIMALS),
        "orders": books.orders,
        "trades": books.trades,
        "traded_wh": sum(books.traded_wh),
        "traded_wh_by_mtu": books.traded_wh,
        "line_flow_wh": books.flow_wh,
        "line_full_mtus": {
            zone: sum(abs(flow) == capacity_wh[zone] for flow in row) for zone, row in books.flow_wh.items()
        },
        "auctions": _auctions(auctions),
        "settled_wh": stats["settled_wh"],
        "imbalance_wh": stats["imbalance_wh"],
        "excess_wh_by_mtu": money.excess_wh,
        "lack_wh_by_mtu": money.lack_wh,
        "paid": tariffs_paid(stats["settlement"]),
        "rent_settled": congestion["paid_in"],
        "savings": savings(money),
        "thb_supply_start": str(supply_start),
        "thb_supply_end": tokens["thb"]["supply"],
        "co2_minted": tokens["co2"]["supply"],
        "transactions": transactions,
        "rejected": dict(rejected + progress.rejected),
        "seconds": round(seconds, 1),
        "finality_ms": percentiles(progress.finality_ms),
    }
    return report, Figures(books, auctions, money)


def _auctions(found: Auctions) -> dict[str, Any]:
    return {
        "held": found.count,
        "volume_wh": sum(found.volume_wh),
        "volume_wh_by_mtu": found.volume_wh,
        "price_micro_by_zone": found.price_micro,
        "sold_wh_by_zone": found.sold_wh,
        "bought_wh_by_zone": found.bought_wh,
        "rent": str(sum(found.rent)),
        "rent_by_mtu": [str(rent) for rent in found.rent],
    }


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50 and p99 of measured values, by nearest rank; zero when there are none."""
    ordered = sorted(values)
    if not ordered:
        return {"p50": 0, "p99": 0}
    return {
        name: ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
        for name, share in (("p50", 50), ("p99", 99))
    }


def broken_promises(
    report: Mapping[str, Any], figures: Figures, day: Day, capacity_wh: Mapping[str, int]
) -> list[str]:
    """What must hold and does not: one line each; empty when all is well."""
    wrong = list(figures.books.broken)
    expected: tuple[tuple[str, object], ...] = (
        ("generated_wh", day.generated_wh),
        ("consumed_wh", day.consumed_wh),
        ("minted_grid", format_amount(grid_of(day.generated_wh), GRID_DECIMALS)),
        ("readings", len(day.meters) * len(day.quarters)),
        ("thb_supply_end", report["thb_supply_start"]),
        ("rejected", {}),
        ("rent_settled", str(sum(figures.auctions.rent))),
    )
    wrong += [
        f"{name}: expected {value}, got {report[name]}" for name, value in expected if report[name] != value
    ]
    if len(set(report["state_roots"].values())) != 1:
        wrong.append(f"state roots differ at height {report['height']}: {report['state_roots']}")
    wrong += [
        f"quarter hour {quarter}: auctions accepted {accepted} Wh, their trades are of {traded} Wh"
        for quarter, (accepted, traded) in enumerate(
            zip(figures.auctions.volume_wh, figures.books.auctioned_wh, strict=True)
        )
        if accepted != traded
    ]
    for zone, row in report["line_flow_wh"].items():
        wrong += [
            f"line {zone}: {flow} Wh in quarter hour {quarter} exceeds {capacity_wh[zone]} Wh"
            for quarter, flow in enumerate(row)
            if abs(flow) > capacity_wh[zone]
        ]
    return wrong
