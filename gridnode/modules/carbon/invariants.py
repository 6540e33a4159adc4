"""What must hold of credits after every block."""

from __future__ import annotations

from typing import Final

from gridnode.modules.carbon.book_invariants import check_book
from gridnode.modules.carbon.earnings import NO_TOTAL, standing_of
from gridnode.modules.carbon.tables import EARNED, ESCROW_ACCOUNT, OPENING, PARAMS, RANKING, RETIRED, SOURCES
from gridnode.modules.context import After, Writes
from gridnode.modules.token.tables import BALANCES, SUPPLY, Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.kv import MemoryReader, Reader, after_prefix
from gridnode.state.prefixes import CARBON

NAME: Final = "carbon"


def check_block(before: Reader, writes: Writes) -> None:
    """Credits change by what was earned less what was retired; ranking, book, escrow and trades agree. Raises InvariantBroken."""
    earned = _check_earned(before, writes)
    by_source = sum(
        (new or NO_TOTAL).credits_nano - (old or NO_TOTAL).credits_nano
        for _, old, new in SOURCES.changes(before, writes)
    )
    _expect("earned by source", by_source, earned)
    retired = sum((new or 0) - (old or 0) for _, old, new in RETIRED.changes(before, writes))
    opened = sum((new or 0) - (old or 0) for _, old, new in OPENING.changes(before, writes))
    if opened and PARAMS.has(before):
        raise InvariantBroken(NAME, f"genesis made {opened} more credits after genesis")
    made = sum(
        (new or 0) - (old or 0)
        for (number,), old, new in SUPPLY.changes(before, writes)
        if number == Denomination.CO2
    )
    _expect("credits made", made, opened + earned - retired)
    check_book(before, writes)


def check_whole(reader: Reader) -> None:
    """The same of all rows, as if one block had made them all. Raises InvariantBroken."""
    rows = {key: value for key, value in _token_rows(reader).items() if value is not None}
    module = bytes([CARBON])
    rows |= dict(reader.scan(module, after_prefix(module)))
    check_block(MemoryReader(), dict(sorted(rows.items())))


def _token_rows(reader: Reader) -> dict[bytes, bytes | None]:
    keys = [SUPPLY.key(Denomination.CO2)]
    keys += [BALANCES.key(ESCROW_ACCOUNT, of) for of in (Denomination.THB, Denomination.CO2)]
    return {key: reader.get(key) for key in keys}


def _check_earned(before: Reader, writes: Writes) -> int:
    """Totals grow and take their ranks along; returns what was earned in the block."""
    after = After(before, writes)
    earned = ranked = 0
    for (account,), old, new in EARNED.changes(before, writes):
        if new is None or new <= (old or 0):
            raise InvariantBroken(NAME, f"{account.hex()} earned {old} and now {new}")
        earned += new - (old or 0)
        ranked += 0 if old else 1
        if not RANKING.has(after, standing_of(new), account):
            raise InvariantBroken(NAME, f"{account.hex()} is not ranked by {new}")
    for _, was, now in RANKING.changes(before, writes):
        ranked += (was is not None) - (now is not None)
    _expect("accounts that earned and are not ranked", ranked, 0)
    return earned


def _expect(what: str, got: int, expected: int) -> None:
    if got != expected:
        raise InvariantBroken(NAME, f"{what}: expected {expected}, got {got}")
