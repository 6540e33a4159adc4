"""Read-only questions about credits."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.modules.carbon.tables import EARNED, PARAMS, RANKING, CarbonGenesis
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_AMOUNT
from gridnode.primitives.units import Amount
from gridnode.state.kv import Reader


class Rank(NamedTuple):
    """A line of the leaderboard."""

    account: Address
    """Who earned."""
    credits_nano: int
    """How much, ever, 1e-9 credit."""


def params(reader: Reader) -> CarbonGenesis:
    """The module's parameters."""
    return PARAMS.require(reader)


def earned(reader: Reader, account: Address) -> Amount:
    """Credits that an account ever earned, whatever it did with them."""
    return EARNED.get(reader, account) or Amount(0)


def leaderboard(reader: Reader, limit: int, after: Rank | None = None) -> list[Rank]:
    """At most `limit` accounts behind `after`, by credits earned, most first; equal ones in order of account."""
    behind = None if after is None else (MAX_AMOUNT - after.credits_nano, after.account)
    rows = RANKING.scan(reader, after=behind, limit=limit)
    return [Rank(account, MAX_AMOUNT - place) for (place, account), _ in rows]
