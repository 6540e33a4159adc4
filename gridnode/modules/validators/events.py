"""Events of the module; the lease's is declared beside its rule."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import ADDRESS, AMOUNT, BOOL, HASH_OR_NIL, KEY, NAME, U32, U64, Int
from gridnode.modules.validators.lease import LeaseTaken
from gridnode.modules.validators.tables import KIND, REPUTATION, WEIGHT, ZONE, Kind
from gridnode.primitives.ids import Address, PublicKey
from gridnode.primitives.limits import MAX_ROUND
from gridnode.primitives.units import Amount, Height, Round, TimeMs


@event("validators.licensed")
class Licensed:
    """A validator has a licence."""

    name: Annotated[str, NAME]
    kind: Annotated[Kind, KIND]
    zone: Annotated[str, ZONE]
    operator: Annotated[Address, ADDRESS]
    key: Annotated[PublicKey, KEY]
    weight: Annotated[int, WEIGHT]


@event("validators.revoked")
class Revoked:
    """A validator has no licence any more."""

    name: Annotated[str, NAME]


@event("validators.weight_changed")
class WeightChanged:
    """An authority has another weight."""

    name: Annotated[str, NAME]
    weight: Annotated[int, WEIGHT]


@event("validators.bonded")
class Bonded:
    """GRID was bonded."""

    name: Annotated[str, NAME]
    amount: Annotated[Amount, AMOUNT]
    bond: Annotated[Amount, AMOUNT]  # all of it, now


@event("validators.unbonded")
class Unbonded:
    """GRID left a bond and is on its way home."""

    name: Annotated[str, NAME]
    amount: Annotated[Amount, AMOUNT]
    release_ms: Annotated[TimeMs, U64]  # when it is home


@event("validators.released")
class Released:
    """GRID came home."""

    name: Annotated[str, NAME]
    owner: Annotated[Address, ADDRESS]
    amount: Annotated[Amount, AMOUNT]


@event("validators.missed")
class Missed:
    """A validator's turn to propose brought no block."""

    name: Annotated[str, NAME]
    height: Annotated[Height, U64]
    missed_in_row: Annotated[int, U32]
    reputation_ppm: Annotated[int, REPUTATION]  # afterwards


@event("validators.jailed")
class Jailed:
    """A validator lost its seat for absence."""

    name: Annotated[str, NAME]
    until_ms: Annotated[TimeMs, U64]  # from when on it may ask back


@event("validators.unjailed")
class Unjailed:
    """A validator came back from jail."""

    name: Annotated[str, NAME]


@event("validators.key_rotated")
class KeyRotated:
    """A validator has another consensus key."""

    name: Annotated[str, NAME]
    key: Annotated[PublicKey, KEY]


@event("validators.node_key_changed")
class NodeKeyChanged:
    """A validator's node has another key in the network."""

    name: Annotated[str, NAME]
    node_key: Annotated[PublicKey, HASH_OR_NIL]


@event("validators.convicted")
class Convicted:
    """Evidence has proven that a key signed what excludes each other."""

    name: Annotated[str, NAME]
    operator: Annotated[Address, ADDRESS]  # whose the key was; the licence may be another's by now
    key: Annotated[PublicKey, KEY]
    height: Annotated[Height, U64]  # of the offence
    round: Annotated[Round, Int(0, MAX_ROUND)]  # of the offence
    slashed: Annotated[Amount, AMOUNT]  # GRID
    keeps_seat: Annotated[bool, BOOL]  # it is the last authority


@event("validators.set_changed")
class SetChanged:
    """Another set votes from the next height on."""

    validators: Annotated[int, U32]
    power: Annotated[int, U64]  # of all
    authority_power: Annotated[int, U64]
    stake: Annotated[Amount, AMOUNT]  # GRID bonded by those with a seat


@event("validators.summary")
class Summary:
    """Every hundredth height: how consensus does."""

    validators: Annotated[int, U32]
    power: Annotated[int, U64]
    stake: Annotated[Amount, AMOUNT]  # GRID bonded, of all
    block_ms: Annotated[int, U64]  # mean time of a block since the summary before, rounded down
    rounds: Annotated[int, U64]  # that ended without a block, since genesis
    misses: Annotated[int, U64]  # turns missed, since genesis


EVENTS: Final[tuple[type[Any], ...]] = (
    Licensed,
    Revoked,
    WeightChanged,
    Bonded,
    Unbonded,
    Released,
    Missed,
    Jailed,
    Unjailed,
    KeyRotated,
    NodeKeyChanged,
    Convicted,
    SetChanged,
    Summary,
    LeaseTaken,
)
"""Every event of the module."""
