"""What must hold of the validators after every block."""

from __future__ import annotations

from typing import Final

from gridnode.crypto.address import address_of
from gridnode.modules.context import Writes
from gridnode.modules.validators.lease_invariants import check_leases, check_leases_change
from gridnode.modules.validators.tables import SEATS
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.limits import MAX_VALIDATORS
from gridnode.state.kv import Reader

NAME: Final = "validators"


def check_block(before: Reader, writes: Writes) -> None:
    """The genesis set stays: no seat changes; leases go on to later epochs. Raises InvariantBroken."""
    check_leases_change(before, writes)
    for (address,), _, _ in SEATS.changes(before, writes):
        raise InvariantBroken(NAME, f"the seat {address.hex()} changed")


def check_whole(reader: Reader) -> None:
    """Each seat is under the address of its key; there are 1 to MAX_VALIDATORS. Raises InvariantBroken."""
    count = 0
    for (address,), seat in SEATS.scan(reader):
        count += 1
        if seat.validator.address != address or address_of(seat.validator.key) != address:
            raise InvariantBroken(NAME, f"the seat {address.hex()} holds the key of another")
    if not 1 <= count <= MAX_VALIDATORS:
        raise InvariantBroken(NAME, f"{count} seats")
    check_leases(reader)
