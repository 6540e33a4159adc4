"""Read-only questions about validators."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.crypto.address import address_of
from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import Denomination
from gridnode.modules.validators.bonds import all_on_the_way
from gridnode.modules.validators.lease import lease_of, may_hold
from gridnode.modules.validators.standing import standing_of
from gridnode.modules.validators.tables import (
    BONDS,
    CONVICTIONS,
    DRAW,
    LICENCES,
    PARAMS,
    SEATS,
    Conviction,
    Draw,
    Licence,
    Seat,
    Standing,
    Status,
    Unbonding,
    ValidatorParams,
)
from gridnode.primitives.ids import Address, PublicKey
from gridnode.primitives.units import Amount, TimeMs
from gridnode.state.kv import Reader


class ValidatorRow(NamedTuple):
    """All that is known of a validator."""

    name: str  # of the licence
    address: Address  # of its consensus key
    seat: Seat | None  # in the set that votes on the next block
    licence: Licence
    standing: Standing
    unbonding: list[tuple[TimeMs, Address, Unbonding]]  # by the time at which it is home, and who gets it


def seats(reader: Reader) -> list[Seat]:
    """All seats in ascending order of address."""
    return [seat for _, seat in SEATS.scan(reader)]


def seat(reader: Reader, address: Address) -> Seat | None:
    """The seat of the validator with this address, or None."""
    return SEATS.get(reader, address)


def validators(reader: Reader) -> list[ValidatorRow]:
    """Everybody who was ever licensed: those with a seat in the set's order, then the others by name."""
    rows = [_row(reader, name, licence) for (name,), licence in LICENCES.scan(reader)]
    seated = sorted((row for row in rows if row.seat is not None), key=lambda row: row.address)
    return seated + [row for row in rows if row.seat is None]


def _row(reader: Reader, name: str, licence: Licence) -> ValidatorRow:
    address = address_of(licence.key)
    return ValidatorRow(
        name,
        address,
        SEATS.get(reader, address),
        licence,
        standing_of(reader, name),
        all_on_the_way(reader, name),
    )


def node_keys(reader: Reader) -> dict[PublicKey, str]:
    """Network keys of licensed validators' nodes, as far as the chain knows them -> name."""
    licensed = (Status.ACTIVE, Status.JAILED)
    return {row.node_key: name for (name,), row in LICENCES.scan(reader) if row.node_key and row.status in licensed}


def machines(reader: Reader) -> dict[str, PublicKey]:
    """Names of licensed validators whose lease was taken -> network key of the machine that signs for them."""
    found: dict[str, PublicKey] = {}
    for (name,), row in LICENCES.scan(reader):
        address = address_of(row.key)
        lease = lease_of(reader, address) if may_hold(reader, address) else None
        if lease is not None:
            found[name] = lease.machine
    return found


def total_stake(reader: Reader) -> Amount:
    """All bonded GRID, that which is on its way home included."""
    return balance(reader, BONDS, Denomination.GRID)


def turns(reader: Reader) -> Draw:
    """Whose turn it is at the next height, and how many were missed so far."""
    return DRAW.require(reader)


def convictions(reader: Reader) -> list[tuple[Address, Conviction]]:
    """Every convicted key, by address."""
    return [(address, row) for (address,), row in CONVICTIONS.scan(reader)]


def params(reader: Reader) -> ValidatorParams:
    """What holds for all validators."""
    return PARAMS.require(reader)
