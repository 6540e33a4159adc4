"""Tables of balances, supplies, allowances and roles, and the module's opening state."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final

from gridnode.codec.fields import ADDRESS, AMOUNT, BOOL, NAME, Choice, ListOf
from gridnode.codec.records import Nested, record
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_FEES, MAX_GENESIS_ENTRIES
from gridnode.primitives.units import CO2_DECIMALS, GRID_DECIMALS, THB_DECIMALS, Amount
from gridnode.state.key_parts import ADDRESS_PART, U8_PART
from gridnode.state.prefixes import TOKEN
from gridnode.state.table import Table


class Denomination(IntEnum):
    """What an account can hold. Numbers are consensus data."""

    GRID = 1  # energy token, 1 kWh generated = 1 GRID
    THB = 2  # settlement money, issued by a licensed account
    CO2 = 3  # carbon credits, 1 credit = 1 kg


DECIMALS: Final[dict[Denomination, int]] = {
    Denomination.GRID: GRID_DECIMALS,
    Denomination.THB: THB_DECIMALS,
    Denomination.CO2: CO2_DECIMALS,
}
"""Decimal digits of each denomination: smallest units per whole one are 10**decimals."""


class Role(IntEnum):
    """What an account may do to a supply by messages of its own. Numbers are consensus data."""

    MINTER = 1
    BURNER = 2


DENOMINATION: Final = Choice(Denomination)
ROLE: Final = Choice(Role)

BALANCES: Final[Table[Amount]] = Table(
    module=TOKEN, number=1, name="balances", key=(ADDRESS_PART, U8_PART), value=AMOUNT
)
"""(account, denomination) -> amount; an account that holds nothing has no row."""

SUPPLY: Final[Table[Amount]] = Table(module=TOKEN, number=2, name="supply", key=(U8_PART,), value=AMOUNT)
"""denomination -> sum of all balances; no row when nothing exists."""

ALLOWANCES: Final[Table[Amount]] = Table(
    module=TOKEN, number=3, name="allowances", key=(ADDRESS_PART, ADDRESS_PART, U8_PART), value=AMOUNT
)
"""(owner, spender, denomination) -> what the spender may still move; no row when nothing."""

ROLES: Final[Table[bool]] = Table(module=TOKEN, number=4, name="roles", key=(U8_PART, U8_PART, ADDRESS_PART), value=BOOL)
"""(denomination, role, account) -> true; no row when the account has not that role."""


@record
class OpeningBalance:
    """An amount that exists from the start."""

    account: Annotated[Address, ADDRESS]  # who holds it
    denomination: Annotated[Denomination, DENOMINATION]
    amount: Annotated[Amount, AMOUNT]


@record
class RoleGrant:
    """A role that an account has from the start."""

    account: Annotated[Address, ADDRESS]
    denomination: Annotated[Denomination, DENOMINATION]
    role: Annotated[Role, ROLE]


@record
class ModuleFee:
    """What each message of one module costs, in smallest units of THB."""

    module: Annotated[str, NAME]
    fee: Annotated[Amount, AMOUNT]  # a message


@record
class FeeSchedule:
    """What a transaction costs its sender, in smallest units of THB."""

    transaction: Annotated[Amount, AMOUNT]  # each transaction, whatever is in it
    messages: Annotated[tuple[ModuleFee, ...], ListOf(Nested(ModuleFee), MAX_FEES)]  # a module that is not listed: 0


FEES: Final[Table[FeeSchedule]] = Table(module=TOKEN, number=5, name="fees", key=(), value=FeeSchedule)
"""() -> what transactions cost."""


@record
class TokenGenesis:
    """Opening state of the module: who holds what, who may mint and burn, what transactions cost."""

    balances: Annotated[tuple[OpeningBalance, ...], ListOf(Nested(OpeningBalance), MAX_GENESIS_ENTRIES)]
    roles: Annotated[tuple[RoleGrant, ...], ListOf(Nested(RoleGrant), MAX_GENESIS_ENTRIES)]
    fees: Annotated[FeeSchedule, Nested(FeeSchedule)]
