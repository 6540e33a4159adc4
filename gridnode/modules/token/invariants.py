"""What must hold of money after every block."""

from __future__ import annotations

from typing import Final

from gridnode.modules.context import Writes
from gridnode.modules.token.tables import ALLOWANCES, BALANCES, ROLES, SUPPLY, Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.kv import Reader

NAME: Final = "token"


def check_block(before: Reader, writes: Writes) -> None:
    """Per denomination, balances and supply change by the same amount; no row holds zero. Raises InvariantBroken."""
    change = dict.fromkeys(Denomination, 0)
    for (account, number), old, new in BALANCES.changes(before, writes):
        if new == 0:
            raise InvariantBroken(NAME, f"a balance of zero has a row: {account.hex()}")
        change[Denomination(number)] += (new or 0) - (old or 0)
    for (number,), old, new in SUPPLY.changes(before, writes):
        change[Denomination(number)] -= (new or 0) - (old or 0)
    for denomination, difference in change.items():
        if difference:
            raise InvariantBroken(
                NAME, f"{denomination.name}: balances changed by {difference} more than the supply"
            )


def check_whole(reader: Reader) -> None:
    """Per denomination, all balances sum to the supply; no row holds zero. Raises InvariantBroken."""
    held = dict.fromkeys(Denomination, 0)
    for (account, number), amount in BALANCES.scan(reader):
        if not amount:
            raise InvariantBroken(NAME, f"a balance of zero has a row: {account.hex()}")
        held[Denomination(number)] += amount
    for denomination, total in held.items():
        supply = SUPPLY.get(reader, denomination) or 0
        if total != supply:
            raise InvariantBroken(NAME, f"{denomination.name}: balances sum to {total}, the supply is {supply}")
    for (owner, spender, _), amount in ALLOWANCES.scan(reader):
        if not amount or owner == spender:
            raise InvariantBroken(NAME, f"an allowance without sense: {owner.hex()} to {spender.hex()}")
    for (number, _, account), _ in ROLES.scan(reader):
        if Denomination(number) is not Denomination.THB:
            raise InvariantBroken(NAME, f"{account.hex()} has a role for money that only rules make")
