"""Who paid what in a replayed day: settlements read through the API, and what each participant saved against the utility's tariff.

Against the tariff: the same meter readings, with nothing traded. What a point fed in beyond its own use would have earned the feed-in
price of the MTU, what it took would have cost the retail price. Money is in 1e-9 THB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gridnode.client.remote import Remote
from gridnode.primitives.units import THB_DECIMALS, format_amount
from gridnode.replay.day import MTUS, Day

SUMS = ("sales", "wheeling", "rent", "fees", "excess_paid", "lack_paid", "lack_vat", "wheeling_vat", "unpaid")
"""Figures of settlements that the report has."""


@dataclass(slots=True)
class Account:
    """What a connection point's day came to."""

    traded: int = 0
    """Sales less purchases; purchases with wheeling, rent and fee."""
    imbalance: int = 0
    """Paid by the DSO for excess, less what lack cost."""
    tariff: int = 0
    """What the same readings would have come to without trading."""
    excess_wh: int = 0
    """Bought by the DSO at the feed-in price."""
    lack_wh: int = 0
    """Sold by the DSO at the retail price."""

    @property
    def saved(self) -> int:
        """By how much trading was better than the tariff alone; negative when it was worse."""
        return self.traded + self.imbalance - self.tariff


@dataclass(slots=True)
class Money:
    """Settlements of the day, added up."""

    accounts: dict[str, Account] = field(default_factory=dict)
    """Connection point -> its day."""
    excess_wh: list[int] = field(default_factory=lambda: [0] * MTUS)
    """Of all points, by quarter hour."""
    lack_wh: list[int] = field(default_factory=lambda: [0] * MTUS)
    """Of all points, by quarter hour."""
    retail_micro: list[int] = field(default_factory=lambda: [0] * MTUS)
    """All-in retail price of each quarter hour, 1e-6 THB/kWh."""
    feed_in_micro: list[int] = field(default_factory=lambda: [0] * MTUS)
    """Feed-in price of each quarter hour, 1e-6 THB/kWh."""


async def read_money(remote: Remote, day: Day, first_mtu: int) -> Money:
    """Tariff and statements of all quarter hours."""
    money = Money()
    for quarter in day.quarters:
        mtu = first_mtu + quarter
        tariff = await remote.get("tariff", mtu=mtu)
        money.retail_micro[quarter] = tariff["retail_micro"]
        money.feed_in_micro[quarter] = tariff["feed_in_micro"]
        async for row in remote.pages("energy/settlements", mtu=mtu):
            _add(money, quarter, row)
    return money


def _add(money: Money, quarter: int, row: Mapping[str, Any]) -> None:
    account = money.accounts.setdefault(row["point"], Account())
    net_wh = row["generated_wh"] - row["consumed_wh"]
    price = money.feed_in_micro[quarter] if net_wh > 0 else money.retail_micro[quarter]
    account.tariff += net_wh * price
    account.traded += int(row["sales"]) - int(row["purchases"])
    account.imbalance += int(row["imbalance"]) * (1 if row["excess_wh"] else -1)
    account.excess_wh += row["excess_wh"]
    account.lack_wh += row["lack_wh"]
    money.excess_wh[quarter] += row["excess_wh"]
    money.lack_wh[quarter] += row["lack_wh"]


def savings(money: Money) -> dict[str, Any]:
    """Savings of all participants and of each: THB as text, exact."""
    saved = sorted(account.saved for account in money.accounts.values())
    if not saved:
        return {"participants": 0}
    return {
        "participants": len(saved),
        "better_off": sum(amount > 0 for amount in saved),
        "worse_off": sum(amount < 0 for amount in saved),
        "total_thb": _thb(sum(saved)),
        "mean_thb": _thb(sum(saved) // len(saved)),
        "median_thb": _thb(saved[len(saved) // 2]),
        "least_thb": _thb(saved[0]),
        "most_thb": _thb(saved[-1]),
        "by_point": {
            point: {
                "at_tariff_thb": _thb(account.tariff),
                "traded_thb": _thb(account.traded),
                "imbalance_thb": _thb(account.imbalance),
                "saved_thb": _thb(account.saved),
            }
            for point, account in sorted(money.accounts.items())
        },
    }


def tariffs_paid(settlement: Mapping[str, Any]) -> dict[str, str]:
    """Sums of all settlements, THB as text."""
    return {f"{name}_thb": _thb(int(settlement[name])) for name in SUMS}


def _thb(amount: int) -> str:
    text = format_amount(abs(amount), THB_DECIMALS)
    return f"-{text}" if amount < 0 else text
