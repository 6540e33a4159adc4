"""The signing lease: which machine of a validator signs, at which heights. Table, message, event and rule in one place.

An operator may keep two machines with one consensus key, one that signs and one that stands by. The chain itself says which is which:
the row of a validator names the key of the one machine that signs. A machine that decides on height h reads the state after block h - 1,
which is the same everywhere, so at every height at most one of them signs, whatever their clocks show and whoever still believes what.

A lease changes by a message that the validator's own consensus key has signed; it names the next epoch, so of two machines that take it at
once one is too late. It counts from the height after the block on. Before the first such message there is no row: then the machine that is
configured as the primary signs, and the standby does not.
"""

from __future__ import annotations

from typing import Annotated, Final

from gridnode.chain.kinds import event, message
from gridnode.codec.fields import ADDRESS, KEY, U64
from gridnode.codec.records import record
from gridnode.crypto.address import address_of
from gridnode.modules.context import Context
from gridnode.modules.validators.codes import ValidatorsCode
from gridnode.modules.validators.tables import KEYS, LICENCES, Status
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, PublicKey
from gridnode.primitives.units import Height
from gridnode.state.key_parts import ADDRESS_PART
from gridnode.state.kv import Reader
from gridnode.state.prefixes import VALIDATORS
from gridnode.state.table import Table


@record
class Lease:
    """Who signs for a validator."""

    epoch: Annotated[int, U64]  # counts the changes, from 1
    machine: Annotated[PublicKey, KEY]  # node key of the machine that signs
    since: Annotated[Height, U64]  # first height at which it does


LEASES: Final[Table[Lease]] = Table(module=VALIDATORS, number=20, name="leases", key=(ADDRESS_PART,), value=Lease)
"""validator's address -> its lease; no row before it was taken for the first time."""


@message("validators.take_lease")
class TakeLease:
    """A validator's consensus key, the sender, names the machine that signs from the next height on."""

    validator: Annotated[Address, ADDRESS]
    machine: Annotated[PublicKey, KEY]  # its node key
    epoch: Annotated[int, U64]  # one above the present one; the first is 1


@event("validators.lease_taken")
class LeaseTaken:
    """Another machine signs for a validator."""

    validator: Annotated[Address, ADDRESS]
    machine: Annotated[PublicKey, KEY]
    epoch: Annotated[int, U64]
    since: Annotated[Height, U64]  # first height at which it signs


def lease_of(reader: Reader, validator: Address) -> Lease | None:
    """The lease of a validator in a state: who signs at the height after it. None before it was taken for the first time."""
    return LEASES.get(reader, validator)


def may_hold(reader: Reader, validator: Address) -> bool:
    """Whether this is the consensus key of a licensed validator. One in jail has no seat, but two machines: it comes back with either."""
    owner = KEYS.get(reader, validator)
    licence = None if owner is None else LICENCES.get(reader, owner.name)
    if licence is None or licence.status not in (Status.ACTIVE, Status.JAILED):
        return False
    return address_of(licence.key) == validator


def next_epoch(reader: Reader, validator: Address) -> int:
    """The epoch that the next message must name."""
    lease = lease_of(reader, validator)
    return 1 if lease is None else lease.epoch + 1


def take_lease(context: Context, sender: Address, taken: TakeLease) -> None:
    """Hand the right to sign to another machine, from the next height on.

    Raises Rejected: LEASE_NOT_OWN, LEASE_NO_VALIDATOR, LEASE_WRONG_EPOCH or LEASE_HELD.
    """
    state = context.state
    if sender != taken.validator:
        raise Rejected(ValidatorsCode.LEASE_NOT_OWN, "expected the consensus key of the validator as sender", "validator")
    if not may_hold(state, taken.validator):
        detail = "expected the consensus key of a licensed validator, in jail or not"
        raise Rejected(ValidatorsCode.LEASE_NO_VALIDATOR, detail, "validator")
    epoch = next_epoch(state, taken.validator)
    if taken.epoch != epoch:
        raise Rejected(ValidatorsCode.LEASE_WRONG_EPOCH, f"expected epoch {epoch}, got {taken.epoch}", "epoch")
    lease = lease_of(state, taken.validator)
    if lease is not None and lease.machine == taken.machine:
        raise Rejected(ValidatorsCode.LEASE_HELD, f"the machine holds the lease since height {lease.since}", "machine")
    since = Height(context.height + 1)
    LEASES.put(state, taken.validator, Lease(epoch, taken.machine, since))
    context.emit(LeaseTaken(taken.validator, taken.machine, epoch, since))


def is_free(reader: Reader, sender: Address, taken: TakeLease, height: int) -> bool:
    """Whether no fee is asked in a block of `height`: the message takes effect, and is the validator's first of this block.

    So a validator without money keeps its second machine, and nobody fills blocks for nothing: what fails is paid for, and so is a lease
    that changes hands again before it has counted at all.
    """
    lease = lease_of(reader, sender)
    if sender != taken.validator or not may_hold(reader, sender) or taken.epoch != next_epoch(reader, sender):
        return False
    return lease is None or (lease.machine != taken.machine and lease.since <= height)
