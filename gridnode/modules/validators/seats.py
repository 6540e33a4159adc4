"""The set of the next height: made anew whenever a block has changed a licence or a bond; and the terms of those who come and go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gridnode.chain.validators import Validator
from gridnode.crypto.address import address_of
from gridnode.modules.context import Context
from gridnode.modules.validators.events import SetChanged
from gridnode.modules.validators.power import authority_powers, stake_powers
from gridnode.modules.validators.tables import (
    LICENCES,
    PARAMS,
    SEATS,
    STALE,
    TERMS,
    Kind,
    Licence,
    Seat,
    Status,
)
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount, Height, Power
from gridnode.state.kv import Reader
from gridnode.state.overlay import State


class Holder(NamedTuple):
    """A licence by name."""

    name: str
    licence: Licence


def put_licence(state: State, name: str, licence: Licence) -> None:
    """Write a licence; the set is made anew at the end of the block."""
    LICENCES.put(state, name, licence)
    STALE.put(state, True)


def holders(reader: Reader, kind: Kind, *statuses: Status) -> list[Holder]:
    """Licences of a kind in one of these states, names ascending."""
    return [Holder(name, row) for (name,), row in LICENCES.scan(reader) if row.kind is kind and row.status in statuses]


def other_active_authority(reader: Reader, name: str) -> bool:
    """Whether an authority besides `name` is active."""
    return any(holder.name != name for holder in holders(reader, Kind.AUTHORITY, Status.ACTIVE))


def seats_due(reader: Reader) -> dict[Address, Seat]:
    """The set that licences and bonds give: address of the key -> seat, addresses ascending (rule 2)."""
    params = PARAMS.require(reader)
    authorities = holders(reader, Kind.AUTHORITY, Status.ACTIVE)
    staked = [
        holder for holder in holders(reader, Kind.STAKED, Status.ACTIVE) if holder.licence.bond >= params.min_bond
    ]
    powers = authority_powers([holder.licence.weight for holder in authorities], bool(staked))
    if staked:
        bonds = [holder.licence.bond for holder in staked]
        powers += stake_powers(bonds, sum(powers), params.authority_share_ppm)
    found = [_seat(*pair) for pair in zip([*authorities, *staked], powers, strict=True) if pair[1]]
    return {seat.validator.address: seat for seat in sorted(found, key=lambda seat: seat.validator.address)}


def _seat(holder: Holder, power: int) -> Seat:
    name, licence = holder
    validator = Validator(name, address_of(licence.key), licence.key, Power(power), licence.operator)
    return Seat(validator, licence.kind is Kind.AUTHORITY)


def fill_seats(context: Context) -> None:
    """Make the set of the next height, when this block has changed what it rests on."""
    state = context.state
    if not STALE.has(state):
        return
    STALE.delete(state)
    due = seats_due(state)
    held = {address: seat for (address,), seat in SEATS.scan(state)}
    if due == held:
        return
    for address in [gone for gone in held if gone not in due]:
        SEATS.delete(state, address)
        _end_term(state, address, context.height)
    for address, seat in due.items():
        if address not in held:
            TERMS.put(state, address, context.height + 1, Height(0))
        SEATS.put(state, address, seat)
    context.emit(_changed(state, due))


def _changed(state: State, due: dict[Address, Seat]) -> SetChanged:
    seats = due.values()
    stake = sum(LICENCES.require(state, seat.validator.name).bond for seat in seats)
    return SetChanged(
        len(due),
        sum(seat.validator.power for seat in seats),
        sum(seat.validator.power for seat in seats if seat.is_authority),
        Amount(stake),
    )


def _end_term(state: State, address: Address, height: int) -> None:
    for (_, first), _last in TERMS.scan(state, address, reverse=True, limit=1):
        TERMS.put(state, address, first, Height(height))


def terms_of(reader: Reader, address: Address) -> Iterator[tuple[int, int]]:
    """First and last height of each term of an address, the latest first; the last height is 0 while it lasts."""
    return ((first, last) for (_, first), last in TERMS.scan(reader, address, reverse=True))


def had_seat(reader: Reader, address: Address, height: int) -> bool:
    """Whether the set that voted on `height` had a member of this address."""
    return any(first <= height and (not last or height <= last) for first, last in terms_of(reader, address))
