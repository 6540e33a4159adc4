"""The call auctions of a replayed day, read through the API and added up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gridnode.client.remote import Remote
from gridnode.replay.day import MTUS, Day


@dataclass(slots=True)
class Auctions:
    """Call auctions by quarter hour; energy in Wh, prices in 1e-6 THB/kWh, rent in 1e-9 THB."""

    count: int = 0
    """How many were held."""
    volume_wh: list[int] = field(default_factory=lambda: [0] * MTUS)
    """Accepted of bids, which is accepted of offers."""
    price_micro: dict[str, list[int | None]] = field(default_factory=dict)
    """Zone -> its price; None where nothing was traded in the auction."""
    sold_wh: dict[str, list[int]] = field(default_factory=dict)
    """Zone -> accepted of its offers."""
    bought_wh: dict[str, list[int]] = field(default_factory=dict)
    """Zone -> accepted of its bids."""
    rent: list[int] = field(default_factory=lambda: [0] * MTUS)
    """Congestion rent."""


async def read_auctions(remote: Remote, day: Day, first_mtu: int) -> Auctions:
    """All call auctions of the day's quarter hours."""
    found = Auctions(
        price_micro={zone: [None] * MTUS for zone in day.zones},
        sold_wh={zone: [0] * MTUS for zone in day.zones},
        bought_wh={zone: [0] * MTUS for zone in day.zones},
    )
    async for row in remote.pages("energy/auctions"):
        quarter = row["mtu"] - first_mtu
        if quarter in day.quarters:
            _add(found, quarter, row)
    return found


def _add(found: Auctions, quarter: int, row: dict[str, Any]) -> None:
    found.count += 1
    found.volume_wh[quarter] = row["volume_wh"]
    found.rent[quarter] = int(row["rent"])
    for result in row["summary"]["zones"]:
        name = result["name"]
        if name in found.price_micro:
            found.price_micro[name][quarter] = result["price_micro"] if row["volume_wh"] else None
            found.sold_wh[name][quarter] = result["sold_wh"]
            found.bought_wh[name][quarter] = result["bought_wh"]
