"""Read-only questions about settlements."""

from __future__ import annotations

from gridnode.modules.settlement.desk import NOTHING
from gridnode.modules.settlement.rules import START
from gridnode.modules.settlement.tables import (
    ARREARS,
    DELIVERIES,
    MTUS,
    PROGRESS,
    STATEMENTS,
    TOTALS,
    Progress,
    Settled,
    Statement,
)
from gridnode.primitives.ids import Address, PointId
from gridnode.primitives.units import Amount
from gridnode.state.kv import Reader


def progress(reader: Reader) -> Progress:
    """How far settlement has come: every MTU below `mtu` that had readings or trades is settled."""
    return PROGRESS.get(reader) or START


def statement(reader: Reader, mtu: int, point: PointId) -> Statement | None:
    """Settlement of a connection point for an MTU; None before it is settled, or when it had no readings and no trades."""
    return STATEMENTS.get(reader, mtu, point)


def statements(
    reader: Reader, mtu: int, limit: int, after: PointId | None = None
) -> list[tuple[PointId, Statement]]:
    """At most `limit` statements of an MTU behind point `after`, by name: (point, statement)."""
    behind = None if after is None else (mtu, after)
    rows = STATEMENTS.scan(reader, mtu, after=behind, limit=limit)
    return [(point, found) for (_, point), found in rows]


def delivered_wh(reader: Reader, mtu: int, trade: int) -> int | None:
    """Wh delivered for a trade, or None before it is settled."""
    return DELIVERIES.get(reader, mtu, trade)


def settled(reader: Reader) -> Settled:
    """Sums over everything settled since genesis."""
    return TOTALS.get(reader) or NOTHING


def settled_by_mtu(reader: Reader, limit: int, after: int | None = None) -> list[tuple[int, Settled]]:
    """The same for each MTU above `after`, ascending, at most `limit`: (MTU, sums)."""
    rows = MTUS.scan(reader, after=None if after is None else (after,), limit=limit)
    return [(mtu, found) for (mtu,), found in rows]


def arrears_of(
    reader: Reader, debtor: Address, limit: int, after: Address | None = None
) -> list[tuple[Address, Amount]]:
    """At most `limit` creditors of an account behind `after`: (creditor, 1e-9 THB)."""
    behind = None if after is None else (debtor, after)
    rows = ARREARS.scan(reader, debtor, after=behind, limit=limit)
    return [(creditor, owed) for (_, creditor), owed in rows]
