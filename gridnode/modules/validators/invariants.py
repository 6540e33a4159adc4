"""What must hold of the validators after every block."""

from __future__ import annotations

from typing import Final

from gridnode.crypto.address import address_of
from gridnode.modules.context import After, Writes
from gridnode.modules.token.tables import BALANCES, Denomination
from gridnode.modules.validators.lease_invariants import check_leases, check_leases_change
from gridnode.modules.validators.seats import had_seat, holders, seats_due
from gridnode.modules.validators.tables import (
    BONDS,
    DRAW,
    KEYS,
    LICENCES,
    PARAMS,
    SEATS,
    STALE,
    STANDINGS,
    TERMS,
    UNBONDINGS,
    KeyOwner,
    Kind,
    Licence,
    Status,
)
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.limits import MAX_VALIDATORS
from gridnode.primitives.units import PPM
from gridnode.state.kv import Reader

NAME: Final = "validators"
_LICENSED: Final = (Status.ACTIVE, Status.JAILED)


def check_block(before: Reader, writes: Writes) -> None:
    """Of the rows that changed: keys are their licences', seats those of active ones, an authority is left, no GRID is lost.

    Raises InvariantBroken.
    """
    check_leases_change(before, writes)
    after = After(before, writes)
    grown = lost_authorities = 0
    for (name,), old, new in LICENCES.changes(before, writes):
        if new is None:
            raise InvariantBroken(NAME, f"the licence {name} went away")
        _check_licence(after, name, new)
        grown += new.bond - (old.bond if old is not None else 0)
        lost_authorities += _is_active_authority(old) and not _is_active_authority(new)
    for _, was, now in UNBONDINGS.changes(before, writes):
        grown += (now.amount if now is not None else 0) - (was.amount if was is not None else 0)
    _check_account(before, writes, grown)
    for (address,), _, seat in SEATS.changes(before, writes):
        if seat is not None and not _is_active(LICENCES.get(after, seat.validator.name)):
            raise InvariantBroken(NAME, f"the seat {address.hex()} is of no active licence")
    if lost_authorities and not _authority_is_left(before, writes):
        raise InvariantBroken(NAME, "no active authority is left")


def _check_account(before: Reader, writes: Writes, grown: int) -> None:
    key = BALANCES.key(BONDS, Denomination.GRID)
    held = (BALANCES.get(before, BONDS, Denomination.GRID) or 0)
    now = held
    if key in writes:
        raw = writes[key]
        now = 0 if raw is None else BALANCES.value(raw)
    if now - held != grown:
        raise InvariantBroken(NAME, f"bonds grew by {grown}, their account by {now - held}")


def _check_licence(after: After | Reader, name: str, licence: Licence) -> None:
    owner = KEYS.get(after, address_of(licence.key))
    if owner != KeyOwner(name, licence.operator, licence.key):
        raise InvariantBroken(NAME, f"the key of {name} is not its own")
    if (licence.kind is Kind.AUTHORITY) != (licence.weight > 0):
        raise InvariantBroken(NAME, f"{name} has the weight {licence.weight}")
    if licence.bond and (licence.kind is Kind.AUTHORITY or licence.status not in _LICENSED):
        raise InvariantBroken(NAME, f"{name} has a bond, and is {licence.status.name.lower()}")


def _is_active(licence: Licence | None) -> bool:
    return licence is not None and licence.status is Status.ACTIVE


def _is_active_authority(licence: Licence | None) -> bool:
    return licence is not None and _is_active(licence) and licence.kind is Kind.AUTHORITY


def _authority_is_left(before: Reader, writes: Writes) -> bool:
    changed = {name: new for (name,), _, new in LICENCES.changes(before, writes)}
    if any(_is_active_authority(new) for new in changed.values()):
        return True
    return any(_is_active_authority(row) for (name,), row in LICENCES.scan(before) if name not in changed)


def check_whole(reader: Reader) -> None:
    """All rows: bonds and their account, seats and what they rest on, terms, keys, turns. Raises InvariantBroken."""
    bonded = sum(row.bond for _, row in LICENCES.scan(reader)) + sum(row.amount for _, row in UNBONDINGS.scan(reader))
    held = BALANCES.get(reader, BONDS, Denomination.GRID) or 0
    if bonded != held:
        raise InvariantBroken(NAME, f"{bonded} is bonded or on its way home, the account holds {held}")
    for (name,), licence in LICENCES.scan(reader):
        _check_licence(reader, name, licence)
        if not STANDINGS.has(reader, name):
            raise InvariantBroken(NAME, f"{name} has no standing")
    for (address,), owner in KEYS.scan(reader):
        if address_of(owner.key) != address or not LICENCES.has(reader, owner.name):
            raise InvariantBroken(NAME, f"the key {address.hex()} is of no licence")
    if STALE.has(reader):
        raise InvariantBroken(NAME, "the set was not made anew")
    _check_seats(reader)
    check_leases(reader)


def _check_seats(reader: Reader) -> None:
    held = {address: seat for (address,), seat in SEATS.scan(reader)}
    if held != seats_due(reader) or not 1 <= len(held) <= MAX_VALIDATORS:
        raise InvariantBroken(NAME, f"the {len(held)} seats are not those that licences and bonds give")
    power = sum(seat.validator.power for seat in held.values())
    own = sum(seat.validator.power for seat in held.values() if seat.is_authority)
    if PPM * own < PARAMS.require(reader).authority_share_ppm * power or not holders(reader, Kind.AUTHORITY, Status.ACTIVE):
        raise InvariantBroken(NAME, f"authorities hold {own} of a power of {power}")
    running = [address for (address, _), last in TERMS.scan(reader) if not last]
    if sorted(running) != list(held) or not all(had_seat(reader, address, 2**63) for address in held):
        raise InvariantBroken(NAME, "terms that run are not those of the seats")
    if sorted(DRAW.require(reader).order) != list(held):
        raise InvariantBroken(NAME, "the order of proposers is not one of the seats")
