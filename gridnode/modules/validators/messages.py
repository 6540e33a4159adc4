"""Messages of the module; the lease's is declared beside its rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from gridnode.chain.kinds import message
from gridnode.chain.transaction import SignatureCheck
from gridnode.codec.fields import ADDRESS, AMOUNT, HASH_OR_NIL, KEY, NAME, SIGNATURE, Int
from gridnode.codec.records import encode, record
from gridnode.crypto.hashing import Tag
from gridnode.crypto.keys import KeyPair
from gridnode.modules.validators.lease import TakeLease
from gridnode.modules.validators.tables import KIND, WEIGHT, ZONE, Kind
from gridnode.primitives.ids import Address, Hash, PublicKey, Signature
from gridnode.primitives.limits import MAX_WEIGHT
from gridnode.primitives.units import Amount

_ROTATION = Tag("gridnode/key-rotation")


@message("validators.license")
class License:
    """A regulator licenses a validator, or again one whose licence was revoked or convicted."""

    name: Annotated[str, NAME]  # as its node is called
    kind: Annotated[Kind, KIND]
    zone: Annotated[str, ZONE]  # empty: none
    operator: Annotated[Address, ADDRESS]  # account that bonds, and receives fees
    key: Annotated[PublicKey, KEY]  # consensus key
    node_key: Annotated[PublicKey, HASH_OR_NIL]  # in the network; empty when its peers have it in their configuration
    weight: Annotated[int, WEIGHT]  # of an authority; 0 for a staked validator


@message("validators.revoke")
class Revoke:
    """A regulator takes a licence."""

    name: Annotated[str, NAME]


@message("validators.set_weight")
class SetWeight:
    """A regulator changes the weight of an authority."""

    name: Annotated[str, NAME]
    weight: Annotated[int, Int(1, MAX_WEIGHT)]


@message("validators.bond")
class Bond:
    """The operator of a staked validator bonds GRID."""

    name: Annotated[str, NAME]
    amount: Annotated[Amount, AMOUNT]


@message("validators.unbond")
class Unbond:
    """The operator of a staked validator takes GRID out of its bond; it comes home after the delay."""

    name: Annotated[str, NAME]
    amount: Annotated[Amount, AMOUNT]


@message("validators.unjail")
class Unjail:
    """The operator of a jailed validator brings it back, once the pause is over."""

    name: Annotated[str, NAME]


@message("validators.rotate_key")
class RotateKey:
    """The operator changes a validator's consensus key."""

    name: Annotated[str, NAME]
    key: Annotated[PublicKey, KEY]  # the new one
    proof: Annotated[Signature, SIGNATURE]  # of the new key, over `rotation_hash`


@message("validators.set_node_key")
class SetNodeKey:
    """The operator says by which network key the validator's node is known."""

    name: Annotated[str, NAME]
    node_key: Annotated[PublicKey, HASH_OR_NIL]  # empty: its peers have it in their configuration


MESSAGES: Final[tuple[type[Any], ...]] = (
    License,
    Revoke,
    SetWeight,
    Bond,
    Unbond,
    Unjail,
    RotateKey,
    SetNodeKey,
    TakeLease,
)
"""Every message of the module."""


@record
class _Rotation:
    chain_id: Annotated[str, NAME]
    name: Annotated[str, NAME]
    key: Annotated[PublicKey, KEY]


def rotation_hash(chain_id: str, name: str, key: PublicKey) -> Hash:
    """What a new consensus key signs, so that nobody takes a key that is another's: tagged hash of (chain id, name, key)."""
    return _ROTATION.hash(encode(_Rotation(chain_id, name, key)))


def sign_rotation(chain_id: str, name: str, new: KeyPair) -> RotateKey:
    """The message by which a validator's key becomes `new`."""
    return RotateKey(name, new.public_key, new.sign(rotation_hash(chain_id, name, new.public_key)))


def rotation_checks(rotation: RotateKey, chain_id: str) -> tuple[SignatureCheck, ...]:
    """The new key's signature: what a transaction with this message needs verified besides the sender's."""
    signed = rotation_hash(chain_id, rotation.name, rotation.key)
    return (SignatureCheck(rotation.key, signed, rotation.proof),)


CHECKS: Final[dict[type[Any], Callable[[Any, str], tuple[SignatureCheck, ...]]]] = {RotateKey: rotation_checks}
"""Messages that carry signatures of their own: class -> (message, chain id) -> checks."""
