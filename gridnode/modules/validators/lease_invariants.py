"""What must hold of the signing leases after every block."""

from __future__ import annotations

from typing import Final

from gridnode.modules.context import Writes
from gridnode.modules.validators.lease import LEASES
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.kv import Reader

NAME: Final = "validators"


def check_leases_change(before: Reader, writes: Writes) -> None:
    """A lease that changed is of the next epochs, begins later, and did not go away. Raises InvariantBroken."""
    for (validator,), old, new in LEASES.changes(before, writes):
        epoch, since = (0, 0) if old is None else (old.epoch, old.since)
        if new is None or new.epoch <= epoch or new.since <= since:
            raise InvariantBroken(NAME, f"the lease of {validator.hex()} went from epoch {epoch} to {new}")


def check_leases(reader: Reader) -> None:
    """Epochs and first heights count from 1. Raises InvariantBroken."""
    for (validator,), lease in LEASES.scan(reader):
        if not lease.epoch or lease.since < 2:
            raise InvariantBroken(NAME, f"the lease of {validator.hex()} is {lease}")
