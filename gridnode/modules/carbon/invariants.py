"""What must hold of credits after every block."""

from __future__ import annotations

from typing import Final

from gridnode.modules.carbon.earnings import NO_TOTAL, place_of
from gridnode.modules.carbon.tables import EARNED, OPENING, RANKING, RETIRED, SOURCES
from gridnode.modules.context import After, Writes
from gridnode.modules.token.rules import supply
from gridnode.modules.token.tables import SUPPLY, Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.kv import Reader

NAME: Final = "carbon"


def check_block(before: Reader, writes: Writes) -> None:
    """Credits change by what was earned less what was retired, and the ranking follows. Raises InvariantBroken."""
    earned = _check_earned(before, writes)
    by_source = sum(
        (new or NO_TOTAL).credits_nano - (old or NO_TOTAL).credits_nano
        for _, old, new in SOURCES.changes(before, writes)
    )
    expect("earned by source", by_source, earned)
    retired = sum((new or 0) - (old or 0) for _, old, new in RETIRED.changes(before, writes))
    for (number,), old, new in SUPPLY.changes(before, writes):
        if number == Denomination.CO2:
            earned -= (new or 0) - (old or 0)
    expect("credits earned and not retired, beyond the supply", earned - retired, 0)
    for _, opened, now in OPENING.changes(before, writes):
        expect("credits of genesis", now or 0, opened or 0)


def check_whole(reader: Reader) -> None:
    """The same over all rows. Raises InvariantBroken."""
    earned = 0
    for (account,), total in EARNED.scan(reader):
        earned += total
        if not total or not RANKING.has(reader, place_of(total), account):
            raise InvariantBroken(NAME, f"{account.hex()} is not ranked by {total}")
    expect("ranked accounts", sum(1 for _ in RANKING.scan(reader)), sum(1 for _ in EARNED.scan(reader)))
    expect("earned by source", sum(total.credits_nano for _, total in SOURCES.scan(reader)), earned)
    made = (OPENING.get(reader) or 0) + earned - (RETIRED.get(reader) or 0)
    expect("credits", supply(reader, Denomination.CO2), made)


def expect(what: str, got: int, expected: int) -> None:
    """Raise InvariantBroken when `got` is not `expected`."""
    if got != expected:
        raise InvariantBroken(NAME, f"{what}: expected {expected}, got {got}")


def _check_earned(before: Reader, writes: Writes) -> int:
    """Totals grow and take their ranks along; returns what was earned in the block."""
    after = After(before, writes)
    earned = ranked = 0
    for (account,), old, new in EARNED.changes(before, writes):
        if new is None or new < (old or 0):
            raise InvariantBroken(NAME, f"{account.hex()} earned {old} and now {new}")
        earned += new - (old or 0)
        ranked += 0 if old else 1
        if not RANKING.has(after, place_of(new), account) or (old and RANKING.has(after, place_of(old), account)):
            raise InvariantBroken(NAME, f"{account.hex()} is not ranked by {new}")
    for _, was, now in RANKING.changes(before, writes):
        ranked += (was is not None) - (now is not None)
    expect("accounts that earned and are not ranked", ranked, 0)
    return earned
