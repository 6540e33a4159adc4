"""The opening state, and who votes and proposes at the height after a state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gridnode.chain.validators import ValidatorSet
from gridnode.crypto.address import address_of
from gridnode.modules.context import Context
from gridnode.modules.validators.lease import TakeLease, take_lease
from gridnode.modules.validators.tables import SEATS, Seat, ValidatorsGenesis
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import Address
from gridnode.state.kv import Reader


def current_set(reader: Reader) -> ValidatorSet:
    """The set that votes on the block after this state: height h + 1 when `reader` is the state after block h.

    Rows are in ascending order of address, which is the set's order.
    """
    return ValidatorSet(tuple(seat.validator for _, seat in SEATS.scan(reader)))


def is_authority(reader: Reader, validator: Address) -> bool:
    """Whether this validator may propose energy transactions; false for who is no validator."""
    seat = SEATS.get(reader, validator)
    return seat is not None and seat.is_authority


def open(context: Context, genesis: ValidatorsGenesis) -> None:  # noqa: A001 (every module opens)
    """Give every validator of genesis a seat with authority.

    Raises OperatorError for an address that is not that of the key, or that is listed twice.
    """
    for validator in genesis.members:
        if address_of(validator.key) != validator.address:
            raise OperatorError(f"validators: expected the address of its key for {validator.name}")
        if SEATS.has(context.state, validator.address):
            raise OperatorError(f"validators: {validator.name} has the key of another validator")
        SEATS.put(context.state, validator.address, Seat(validator, True))


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {TakeLease: take_lease}
"""Which handler runs which message."""
