"""Bonded GRID: in, out after the delay, and what evidence takes of it. All of it lies on one account."""

from __future__ import annotations

from dataclasses import replace

from gridnode.modules.context import Context
from gridnode.modules.token.rules import move
from gridnode.modules.token.tables import Denomination
from gridnode.modules.validators.codes import ValidatorsCode
from gridnode.modules.validators.events import Bonded, Released, Unbonded
from gridnode.modules.validators.messages import Bond, Unbond
from gridnode.modules.validators.seats import put_licence
from gridnode.modules.validators.standing import licence_of_operator, require_licensed
from gridnode.modules.validators.tables import BONDS, LICENCES, PARAMS, UNBONDINGS, Kind, Licence, Unbonding
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_UNBONDINGS
from gridnode.primitives.units import PPM, Amount, TimeMs
from gridnode.state.kv import Reader


def bond(context: Context, sender: Address, message: Bond) -> None:
    """Handler of `validators.bond`."""
    licence = _bondable(context, sender, message.name, message.amount)
    move(context, sender, BONDS, Denomination.GRID, message.amount)
    grown = replace(licence, bond=Amount(licence.bond + message.amount))
    put_licence(context.state, message.name, grown)
    context.emit(Bonded(message.name, message.amount, grown.bond))


def unbond(context: Context, sender: Address, message: Unbond) -> None:
    """Handler of `validators.unbond`."""
    licence = _bondable(context, sender, message.name, message.amount)
    if licence.bond < message.amount:
        raise Rejected(ValidatorsCode.INSUFFICIENT_BOND, f"expected at most {licence.bond}, which is bonded", "amount")
    if len(on_the_way(context.state, message.name, sender)) >= MAX_UNBONDINGS:
        detail = f"expected at most {MAX_UNBONDINGS} amounts on their way home; wait for the first"
        raise Rejected(ValidatorsCode.TOO_MANY_UNBONDINGS, detail)
    send_home(context, message.name, licence, message.amount)


def _bondable(context: Context, sender: Address, name: str, amount: int) -> Licence:
    licence = licence_of_operator(context.state, sender, name)
    if licence.kind is not Kind.STAKED:
        raise Rejected(ValidatorsCode.WRONG_KIND, "an authority has no bond", "name")
    require_licensed(licence)
    if not amount:
        raise Rejected(ValidatorsCode.ZERO_AMOUNT, "expected more than zero", "amount")
    return licence


def send_home(context: Context, name: str, licence: Licence, amount: int) -> None:
    """Take `amount` (0 changes nothing but the licence's row) out of the bond of `licence`; it is home after the delay."""
    state = context.state
    put_licence(state, name, replace(licence, bond=Amount(licence.bond - amount)))
    if not amount:
        return
    release_ms = TimeMs(context.time_ms + PARAMS.require(state).unbonding_ms)
    same = UNBONDINGS.get(state, release_ms, name, licence.operator)
    total = amount if same is None else same.amount + amount  # of this block, too: no two have the same time
    UNBONDINGS.put(state, release_ms, name, licence.operator, Unbonding(Amount(total), context.height))
    context.emit(Unbonded(name, Amount(amount), release_ms))


def release(context: Context) -> None:
    """Pay out what has come home by now, in order of time, name and owner."""
    state = context.state
    for (release_ms, name, owner), row in UNBONDINGS.scan(state, stop=(context.time_ms + 1,)):
        UNBONDINGS.delete(state, release_ms, name, owner)
        move(context, BONDS, owner, Denomination.GRID, row.amount)
        context.emit(Released(name, owner, row.amount))


def slash(context: Context, name: str, operator: Address, offence_height: int) -> Amount:
    """Take the share of what `operator` has bonded under `name`, and of what has left it at the offence's height or later.

    Each is rounded down by itself; what others have under this name is not theirs to lose. Returns how much was taken in all.
    """
    state, params = context.state, PARAMS.require(context.state)
    taken, licence = 0, LICENCES.require(state, name)
    if licence.operator == operator:
        taken = licence.bond * params.slash_ppm // PPM
        put_licence(state, name, replace(licence, bond=Amount(licence.bond - taken)))
    for release_ms, row in on_the_way(state, name, operator):
        part = row.amount * params.slash_ppm // PPM if row.height >= offence_height else 0
        if not part:
            continue
        taken += part
        if part == row.amount:
            UNBONDINGS.delete(state, release_ms, name, operator)
        else:
            UNBONDINGS.put(state, release_ms, name, operator, replace(row, amount=Amount(row.amount - part)))
    move(context, BONDS, params.slashed_account, Denomination.GRID, taken)
    return Amount(taken)


def on_the_way(reader: Reader, name: str, operator: Address) -> list[tuple[TimeMs, Unbonding]]:
    """What an operator has on its way home from under a name, by time."""
    rows = UNBONDINGS.scan(reader)
    return [(release_ms, row) for (release_ms, of, owner), row in rows if (of, owner) == (name, operator)]


def all_on_the_way(reader: Reader, name: str) -> list[tuple[TimeMs, Address, Unbonding]]:
    """What is on its way home from under a name: time, who gets it, how much; by time, then by who gets it."""
    return [(release_ms, owner, row) for (release_ms, of, owner), row in UNBONDINGS.scan(reader) if of == name]
