"""Read-only questions about validators."""

from __future__ import annotations

from gridnode.modules.validators.tables import SEATS, Seat
from gridnode.primitives.ids import Address
from gridnode.state.kv import Reader


def seats(reader: Reader) -> list[Seat]:
    """All seats in ascending order of address."""
    return [seat for _, seat in SEATS.scan(reader)]


def seat(reader: Reader, address: Address) -> Seat | None:
    """The seat of the validator with this address, or None."""
    return SEATS.get(reader, address)
