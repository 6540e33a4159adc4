"""What must hold of corrections and of congestion rent: entries are only added, each goes on from the last, rent is paid in or spent."""

from __future__ import annotations

from gridnode.modules.context import After, Writes
from gridnode.modules.grid.clock import tariff_at
from gridnode.modules.market.auction_tables import CONGESTION
from gridnode.modules.settlement.correction_tables import (
    ALL_CORRECTIONS,
    CORRECTIONS,
    MTU_CORRECTIONS,
    SPENDINGS,
    Correction,
    CorrectionSums,
)
from gridnode.modules.settlement.corrections import (
    FIGURES,
    NO_CORRECTIONS,
    Standing,
    after_entry,
    after_statement,
    gains,
)
from gridnode.modules.settlement.faults import NAME, expect
from gridnode.modules.settlement.imbalance import due, vat_of
from gridnode.modules.settlement.tables import STATEMENTS
from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import BALANCES, Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import PointId
from gridnode.state.kv import Reader


def check_corrections(before: Reader, writes: Writes) -> None:
    """Entries are added, each going on from what stood, and sums grow by them. Raises InvariantBroken."""
    gained = dict.fromkeys(FIGURES, 0)
    for (mtu, point, number), old, entry in CORRECTIONS.changes(before, writes):
        if old is not None or entry is None:
            raise InvariantBroken(NAME, f"correction {number} of {point} for MTU {mtu} changed")
        was = _standing_before(before, writes, mtu, point, number)
        _check_entry(before, mtu, number, was, entry)
        for name, figure in gains(entry, was.lack_vat).items():
            gained[name] += figure
    by_mtu = dict.fromkeys(FIGURES, 0)
    for _, sums, now in MTU_CORRECTIONS.changes(before, writes):
        _add_growth(by_mtu, sums, now)
    total = dict.fromkeys(FIGURES, 0)
    for _, sums, now in ALL_CORRECTIONS.changes(before, writes):
        _add_growth(total, sums, now)
    if not gained == by_mtu == total:
        raise InvariantBroken(NAME, f"corrections sum to {gained}, those of MTUs grew by {by_mtu}, all by {total}")


def _standing_before(before: Reader, writes: Writes, mtu: int, point: PointId, number: int) -> Standing:
    """What stood before entry `number`; rows of this block included."""
    after = After(before, writes)
    earlier = after.get(CORRECTIONS.key(mtu, point, number - 1))
    if earlier is not None:
        return after_entry(number - 1, CORRECTIONS.value(earlier))
    first = after.get(STATEMENTS.key(mtu, point))
    return after_statement(None if first is None else STATEMENTS.value(first))


def _add_growth(sums: dict[str, int], was: CorrectionSums | None, now: CorrectionSums | None) -> None:
    old, new = was or NO_CORRECTIONS, now or NO_CORRECTIONS
    for name in FIGURES:
        sums[name] += getattr(new, name) - getattr(old, name)


def _check_entry(reader: Reader, mtu: int, number: int, was: Standing, entry: Correction) -> None:
    """An entry has the next number, starts where the last ended, and moves the difference of what is due."""
    prices = tariff_at(reader, mtu)
    moved = due(prices, entry.imbalance_wh) - due(prices, was.imbalance_wh)
    holds = (
        number == was.entries + 1
        and entry.imbalance_before_wh == was.imbalance_wh
        and entry.generated_wh == was.generated_wh + entry.generated_change_wh
        and entry.consumed_wh == was.consumed_wh + entry.consumed_change_wh
        and entry.imbalance_wh == was.imbalance_wh + entry.generated_change_wh - entry.consumed_change_wh
        and 0 in (entry.credited, entry.charged)
        and entry.credited - entry.charged == moved
        and entry.unpaid <= abs(moved)
        and entry.lack_vat == vat_of(prices, entry.imbalance_wh)
    )
    if not holds:
        raise InvariantBroken(NAME, f"correction {number} of MTU {mtu} does not go on from {was}: {entry}")


def check_rent(before: Reader, writes: Writes, paid_in: int) -> None:
    """The congestion account changed by `paid_in` less what was spent, and spendings are only added. Raises InvariantBroken."""
    spent = 0
    for (number,), old, spending in SPENDINGS.changes(before, writes):
        if old is not None or spending is None:
            raise InvariantBroken(NAME, f"spending {number} changed")
        spent += spending.amount
    key = BALANCES.key(CONGESTION, Denomination.THB)
    was, now = before.get(key), After(before, writes).get(key)
    moved = (BALANCES.value(now) if now else 0) - (BALANCES.value(was) if was else 0)
    expect("congestion rent", moved, paid_in - spent)


def check_standing(reader: Reader, rent: int) -> None:
    """Over all rows: every chain of corrections, their sums, and what is left of `rent`, all that was paid in. Raises InvariantBroken."""
    gained = dict.fromkeys(FIGURES, 0)
    last: tuple[int, str] | None = None
    was = Standing(0, 0, 0, 0, 0)
    for (mtu, point, number), entry in CORRECTIONS.scan(reader):
        if (mtu, point) != last:
            was = after_statement(STATEMENTS.get(reader, mtu, point))
        _check_entry(reader, mtu, number, was, entry)
        for name, figure in gains(entry, was.lack_vat).items():
            gained[name] += figure
        last = mtu, point
        was = after_entry(number, entry)
    by_mtu = dict.fromkeys(FIGURES, 0)
    for _, sums in MTU_CORRECTIONS.scan(reader):
        _add_growth(by_mtu, None, sums)
    total = dict.fromkeys(FIGURES, 0)
    _add_growth(total, None, ALL_CORRECTIONS.get(reader))
    if not gained == by_mtu == total:
        raise InvariantBroken(NAME, f"corrections sum to {gained}, those of MTUs to {by_mtu}, all to {total}")
    spent = sum(spending.amount for _, spending in SPENDINGS.scan(reader))
    expect("congestion rent", balance(reader, CONGESTION, Denomination.THB), rent - spent)
