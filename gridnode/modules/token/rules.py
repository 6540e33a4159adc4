"""Handlers of token messages, the opening state, and what later modules call to move money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gridnode.modules.context import Context
from gridnode.modules.token.codes import TokenCode
from gridnode.modules.token.events import Approved, Burned, Minted, Transferred
from gridnode.modules.token.messages import Approve, Burn, Mint, Transfer, TransferFrom
from gridnode.modules.token.tables import (
    ALLOWANCES,
    BALANCES,
    DECIMALS,
    FEES,
    ROLES,
    SUPPLY,
    Denomination,
    Role,
    TokenGenesis,
)
from gridnode.primitives.errors import OperatorError, Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_AMOUNT
from gridnode.primitives.units import Amount, format_amount
from gridnode.state.kv import Reader
from gridnode.state.overlay import State

NOTHING: Final = Amount(0)


def balance(reader: Reader, account: Address, denomination: Denomination) -> Amount:
    """What `account` holds, in smallest units; zero when it has no row."""
    return BALANCES.get(reader, account, denomination) or NOTHING


def supply(reader: Reader, denomination: Denomination) -> Amount:
    """How much of `denomination` exists, in smallest units."""
    return SUPPLY.get(reader, denomination) or NOTHING


def move(context: Context, source: Address, target: Address, denomination: Denomination, amount: int) -> None:
    """Move `amount` (>= 0, smallest units) between any two accounts; zero changes nothing, nor does a move to itself.

    For the rules of later modules: asks for no permission and emits no event. Raises Rejected(INSUFFICIENT_BALANCE). No balance
    can pass 2**128 - 1, because the supply cannot.
    """
    state = context.state
    held = _take(state, source, denomination, amount)
    if not amount:
        return
    _set_balance(state, source, denomination, held - amount)
    BALANCES.put(state, target, denomination, Amount(balance(state, target, denomination) + amount))


def mint_to(context: Context, target: Address, denomination: Denomination, amount: int) -> None:
    """Create `amount` (>= 0) and give it to `target`; no permission, no event. Raises Rejected(SUPPLY_OVERFLOW)."""
    _mint(context.state, target, denomination, amount)


def burn_from(context: Context, source: Address, denomination: Denomination, amount: int) -> None:
    """Destroy `amount` (>= 0) that `source` holds; no permission, no event. Raises Rejected(INSUFFICIENT_BALANCE)."""
    state = context.state
    held = _take(state, source, denomination, amount)
    if not amount:
        return
    _set_balance(state, source, denomination, held - amount)
    left = supply(state, denomination) - amount
    if left:
        SUPPLY.put(state, denomination, Amount(left))
    else:
        SUPPLY.delete(state, denomination)


def transfer(context: Context, sender: Address, message: Transfer) -> None:
    """Handler of `token.transfer`."""
    _check_pay(context, sender, message.recipient, message.amount)
    move(context, sender, message.recipient, message.denomination, message.amount)
    context.emit(Transferred(sender, message.recipient, message.denomination, message.amount))


def approve(context: Context, sender: Address, message: Approve) -> None:
    """Handler of `token.approve`."""
    if sender == message.spender:
        raise Rejected(TokenCode.SAME_ACCOUNT, "expected another account than the sender", "spender")
    _set_allowance(context.state, sender, message.spender, message.denomination, message.amount)
    context.emit(Approved(sender, message.spender, message.denomination, message.amount))


def transfer_from(context: Context, sender: Address, message: TransferFrom) -> None:
    """Handler of `token.transfer_from`."""
    owner, denomination, amount = message.owner, message.denomination, message.amount
    _check_pay(context, owner, message.recipient, amount)
    allowed = ALLOWANCES.get(context.state, owner, sender, denomination) or NOTHING
    if allowed < amount:
        raise Rejected(TokenCode.INSUFFICIENT_ALLOWANCE, f"allowed {_text(allowed, denomination)}", "amount")
    move(context, owner, message.recipient, denomination, amount)
    _set_allowance(context.state, owner, sender, denomination, allowed - amount)
    context.emit(Transferred(owner, message.recipient, denomination, amount))


def mint(context: Context, sender: Address, message: Mint) -> None:
    """Handler of `token.mint`."""
    _check_amount(message.amount)
    _check_target(context, message.recipient)
    if not has_role(context.state, sender, message.denomination, Role.MINTER):
        raise Rejected(TokenCode.NOT_MINTER, f"the sender may not mint {message.denomination.name}", "denomination")
    _mint(context.state, message.recipient, message.denomination, message.amount)
    context.emit(Minted(message.recipient, message.denomination, message.amount))


def burn(context: Context, sender: Address, message: Burn) -> None:
    """Handler of `token.burn`."""
    _check_amount(message.amount)
    if not has_role(context.state, sender, message.denomination, Role.BURNER):
        raise Rejected(TokenCode.NOT_BURNER, f"the sender may not burn {message.denomination.name}", "denomination")
    burn_from(context, sender, message.denomination, message.amount)
    context.emit(Burned(sender, message.denomination, message.amount))


def has_role(reader: Reader, account: Address, denomination: Denomination, role: Role) -> bool:
    """Whether `account` has `role` for `denomination`."""
    return ROLES.get(reader, denomination, role, account) is not None


def open(context: Context, genesis: TokenGenesis) -> None:  # noqa: A001 (every module opens)
    """Write the opening state.

    Raises OperatorError for an amount of zero, an account that is listed twice, a role for GRID or CO2 (only rules make those), and
    Rejected when a supply overflows.
    """
    for entry in genesis.balances:
        if not entry.amount or BALANCES.get(context.state, entry.account, entry.denomination) is not None:
            raise OperatorError(
                f"token.balances: expected one amount above zero for {entry.account.hex()} in {entry.denomination.name}"
            )
        _mint(context.state, entry.account, entry.denomination, entry.amount)
    for grant in genesis.roles:
        if grant.denomination is not Denomination.THB:
            raise OperatorError(f"token.roles: expected roles for THB only, {grant.denomination.name} is made by rules")
        ROLES.put(context.state, grant.denomination, grant.role, grant.account, True)
    listed = [entry.module for entry in genesis.fees.messages]
    if len(listed) != len(dict.fromkeys(listed)):
        raise OperatorError("token.fees.messages: expected each module once")
    FEES.put(context.state, genesis.fees)


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {
    Transfer: transfer,
    Approve: approve,
    TransferFrom: transfer_from,
    Mint: mint,
    Burn: burn,
}
"""Which handler runs which message."""


def _check_amount(amount: int) -> None:
    if not amount:
        raise Rejected(TokenCode.ZERO_AMOUNT, "expected more than zero", "amount")


def _check_target(context: Context, target: Address) -> None:
    if target in context.module_accounts:
        raise Rejected(TokenCode.RESERVED_ACCOUNT, "expected an account that no module owns", "recipient")


def _check_pay(context: Context, source: Address, target: Address, amount: int) -> None:
    _check_amount(amount)
    if source == target:
        raise Rejected(TokenCode.SAME_ACCOUNT, "expected two different accounts", "recipient")
    _check_target(context, target)


def _take(state: State, source: Address, denomination: Denomination, amount: int) -> int:
    """What `source` holds, at least `amount`."""
    held = balance(state, source, denomination)
    if held < amount:
        detail = f"holds {_text(held, denomination)}, needs {_text(amount, denomination)}"
        raise Rejected(TokenCode.INSUFFICIENT_BALANCE, detail, "amount")
    return held


def _set_balance(state: State, account: Address, denomination: Denomination, amount: int) -> None:
    if amount:
        BALANCES.put(state, account, denomination, Amount(amount))
    else:
        BALANCES.delete(state, account, denomination)


def _set_allowance(state: State, owner: Address, spender: Address, denomination: Denomination, amount: int) -> None:
    if amount:
        ALLOWANCES.put(state, owner, spender, denomination, Amount(amount))
    else:
        ALLOWANCES.delete(state, owner, spender, denomination)


def _mint(state: State, target: Address, denomination: Denomination, amount: int) -> None:
    if not amount:
        return
    made = supply(state, denomination) + amount
    if made > MAX_AMOUNT:
        raise Rejected(TokenCode.SUPPLY_OVERFLOW, f"expected a supply of at most {MAX_AMOUNT}", "amount")
    SUPPLY.put(state, denomination, Amount(made))
    BALANCES.put(state, target, denomination, Amount(balance(state, target, denomination) + amount))


def _text(amount: int, denomination: Denomination) -> str:
    return f"{format_amount(amount, DECIMALS[denomination])} {denomination.name}"
