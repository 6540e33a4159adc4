"""Read-only questions about money."""

from __future__ import annotations

from gridnode.modules.token.rules import balance, supply
from gridnode.modules.token.tables import ALLOWANCES, BALANCES, FEES, ROLES, Denomination, FeeSchedule, Role
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount
from gridnode.state.kv import Reader


def balances_of(reader: Reader, account: Address) -> dict[Denomination, Amount]:
    """What an account holds in every denomination, zero included."""
    return {denomination: balance(reader, account, denomination) for denomination in Denomination}


def holders(
    reader: Reader, limit: int, after: tuple[Address, Denomination] | None = None
) -> list[tuple[Address, Denomination, Amount]]:
    """At most `limit` balances behind `after`, in order of account and denomination."""
    rows = BALANCES.scan(reader, after=after, limit=limit)
    return [(account, Denomination(number), amount) for (account, number), amount in rows]


def supplies(reader: Reader) -> dict[Denomination, Amount]:
    """How much of each denomination exists."""
    return {denomination: supply(reader, denomination) for denomination in Denomination}


def allowance(reader: Reader, owner: Address, spender: Address, denomination: Denomination) -> Amount:
    """What `spender` may still move of what `owner` holds."""
    return ALLOWANCES.get(reader, owner, spender, denomination) or Amount(0)


def allowances_of(
    reader: Reader, owner: Address, limit: int, after: tuple[Address, Denomination] | None = None
) -> list[tuple[Address, Denomination, Amount]]:
    """At most `limit` allowances that an owner gave, behind `after`, in order of spender and denomination."""
    rows = ALLOWANCES.scan(reader, owner, after=None if after is None else (owner, *after), limit=limit)
    return [(spender, Denomination(number), amount) for (_, spender, number), amount in rows]


def roles(reader: Reader) -> list[tuple[Denomination, Role, Address]]:
    """Every minter and burner, in order of denomination, role and account."""
    return [(Denomination(of), Role(role), account) for (of, role, account), _ in ROLES.scan(reader)]


def fee_schedule(reader: Reader) -> FeeSchedule:
    """What transactions cost."""
    return FEES.require(reader)
