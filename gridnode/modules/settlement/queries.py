"""Read-only questions about settlements, corrections, arrears and congestion rent."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.modules.grid.clock import tariff_at
from gridnode.modules.market.auction_tables import CONGESTION
from gridnode.modules.metering.tables import Quality
from gridnode.modules.settlement.correction_tables import (
    ALL_CORRECTIONS,
    CORRECTIONS,
    MTU_CORRECTIONS,
    SPENDINGS,
    Correction,
    CorrectionSums,
    Spending,
)
from gridnode.modules.settlement.corrections import NO_CORRECTIONS, standing
from gridnode.modules.settlement.desk import NOTHING
from gridnode.modules.settlement.imbalance import due
from gridnode.modules.settlement.rules import START
from gridnode.modules.settlement.tables import (
    ARREARS,
    DELIVERIES,
    MTUS,
    OWNER_STATEMENTS,
    PROGRESS,
    STATEMENTS,
    TOTALS,
    Progress,
    Settled,
    Statement,
)
from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.ids import Address, PointId
from gridnode.primitives.units import Amount
from gridnode.state.kv import Reader


class Result(NamedTuple):
    """How a connection point stands in an MTU after its statement and all corrections."""

    corrections: int
    """How many there are."""
    quality: Quality | None
    """The lowest of its readings; None when nothing is settled."""
    generated_wh: int
    """In all."""
    consumed_wh: int
    """In all."""
    imbalance_wh: int
    """Above zero excess, below zero lack."""
    amount: int
    """1e-9 THB due for it in all: to the owner above zero, from it below."""
    lack_vat: int
    """Value-added tax contained in what lack costs, 1e-9 THB."""


class Congestion(NamedTuple):
    """Congestion rent, 1e-9 THB."""

    balance: int
    """On the account now."""
    paid_in: int
    """By settlements, ever."""
    spent: int
    """Given out, ever."""


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


def statements_of(
    reader: Reader, owner: Address, limit: int, before: tuple[int, PointId] | None = None
) -> list[tuple[int, PointId, Statement | None]]:
    """At most `limit` settlements of an owner's points before (MTU, point) `before`, latest first: (MTU, point, statement).

    The statement is None where everything came late: there are corrections alone.
    """
    behind = None if before is None else (owner, *before)
    rows = OWNER_STATEMENTS.scan(reader, owner, after=behind, limit=limit, reverse=True)
    return [(mtu, point, STATEMENTS.get(reader, mtu, point)) for (_, mtu, point), _ in rows]


def corrections(
    reader: Reader, mtu: int, point: PointId, limit: int, after: int | None = None
) -> list[tuple[int, Correction]]:
    """At most `limit` corrections of a connection point in an MTU behind entry `after`, ascending: (entry, correction)."""
    behind = None if after is None else (mtu, point, after)
    rows = CORRECTIONS.scan(reader, mtu, point, after=behind, limit=limit)
    return [(number, found) for (_, _, number), found in rows]


def result(reader: Reader, mtu: int, point: PointId) -> Result:
    """Statement and corrections of a connection point in an MTU, taken together."""
    now = standing(reader, mtu, point)
    first = STATEMENTS.get(reader, mtu, point)
    last = CORRECTIONS.get(reader, mtu, point, now.entries) if now.entries else first
    return Result(
        now.entries,
        last.quality if last else None,
        now.generated_wh,
        now.consumed_wh,
        now.imbalance_wh,
        due(tariff_at(reader, mtu), now.imbalance_wh),
        now.lack_vat,
    )


def delivered_wh(reader: Reader, mtu: int, trade: int) -> int | None:
    """Wh delivered for a trade, 0 for a void one, or None before it is settled."""
    return DELIVERIES.get(reader, mtu, trade)


def settled(reader: Reader) -> Settled:
    """Sums over everything settled since genesis."""
    return TOTALS.get(reader) or NOTHING


def settled_by_mtu(reader: Reader, limit: int, after: int | None = None) -> list[tuple[int, Settled]]:
    """The same for each MTU above `after`, ascending, at most `limit`: (MTU, sums)."""
    rows = MTUS.scan(reader, after=None if after is None else (after,), limit=limit)
    return [(mtu, found) for (mtu,), found in rows]


def corrected(reader: Reader, mtu: int | None = None) -> CorrectionSums:
    """Sums over corrections of an MTU, or of all since genesis."""
    found = ALL_CORRECTIONS.get(reader) if mtu is None else MTU_CORRECTIONS.get(reader, mtu)
    return found or NO_CORRECTIONS


def arrears_of(
    reader: Reader, debtor: Address, limit: int, after: Address | None = None
) -> list[tuple[Address, Amount]]:
    """At most `limit` creditors of an account behind `after`: (creditor, 1e-9 THB)."""
    behind = None if after is None else (debtor, after)
    rows = ARREARS.scan(reader, debtor, after=behind, limit=limit)
    return [(creditor, owed) for (_, creditor), owed in rows]


def congestion(reader: Reader) -> Congestion:
    """What congestion rent there is and was."""
    held, paid_in = balance(reader, CONGESTION, Denomination.THB), settled(reader).rent
    return Congestion(held, paid_in, paid_in - held)


def spendings(reader: Reader, limit: int, before: int | None = None) -> list[tuple[int, Spending]]:
    """At most `limit` spendings of congestion rent with a number below `before`, latest first: (number, spending)."""
    behind = None if before is None else (before,)
    rows = SPENDINGS.scan(reader, after=behind, limit=limit, reverse=True)
    return [(number, found) for (number,), found in rows]
