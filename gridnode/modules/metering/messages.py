"""Messages of the module, and what a device signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from gridnode.chain.kinds import message
from gridnode.chain.transaction import SignatureCheck
from gridnode.codec.fields import KEY, NAME, SIGNATURE, TEXT, U32, U64
from gridnode.codec.records import encode, record
from gridnode.crypto.hashing import Tag
from gridnode.crypto.keys import KeyPair
from gridnode.modules.metering.tables import ENERGY
from gridnode.primitives.ids import Hash, MeterId, PublicKey, Signature
from gridnode.primitives.units import EnergyWh, Mtu

_READING = Tag("gridnode/reading")


@message("metering.submit_reading")
class SubmitReading:
    """What a device measured in one MTU, with the device's signature over `reading_hash`."""

    device_key: Annotated[PublicKey, KEY]
    mtu: Annotated[Mtu, U64]
    generated_wh: Annotated[EnergyWh, ENERGY]
    consumed_wh: Annotated[EnergyWh, ENERGY]
    version: Annotated[int, U32]  # the device's own count of what it says of this MTU, from 0
    signature: Annotated[Signature, SIGNATURE]


@message("metering.substitute_reading")
class SubstituteReading:
    """What the DSO of a meter's zone puts in place of a value that is missing or wrong."""

    meter: Annotated[MeterId, NAME]
    mtu: Annotated[Mtu, U64]
    generated_wh: Annotated[EnergyWh, ENERGY]
    consumed_wh: Annotated[EnergyWh, ENERGY]
    version: Annotated[int, U32]  # the chain's number that it gets: one more than the latest's, 0 when there is none
    reason: Annotated[str, TEXT]  # as people read it


MESSAGES: Final[tuple[type[Any], ...]] = (SubmitReading, SubstituteReading)
"""Every message of the module."""


@record
class _Claim:
    chain_id: Annotated[str, NAME]
    device_key: Annotated[PublicKey, KEY]
    mtu: Annotated[Mtu, U64]
    generated_wh: Annotated[EnergyWh, ENERGY]
    consumed_wh: Annotated[EnergyWh, ENERGY]
    version: Annotated[int, U32]


def reading_hash(
    chain_id: str, device_key: PublicKey, mtu: int, generated_wh: int, consumed_wh: int, version: int = 0
) -> Hash:
    """What a device signs: tagged hash of the canonical bytes of (chain id, device key, MTU, Wh generated, Wh consumed, version)."""
    claim = _Claim(chain_id, device_key, Mtu(mtu), EnergyWh(generated_wh), EnergyWh(consumed_wh), version)
    return _READING.hash(encode(claim))


def sign_reading(
    chain_id: str, device: KeyPair, mtu: int, generated_wh: int, consumed_wh: int, version: int = 0
) -> SubmitReading:
    """The message of a reading, signed by the device; `version` counts what the device said of this MTU before."""
    signed = reading_hash(chain_id, device.public_key, mtu, generated_wh, consumed_wh, version)
    return SubmitReading(
        device.public_key, Mtu(mtu), EnergyWh(generated_wh), EnergyWh(consumed_wh), version, device.sign(signed)
    )


def device_checks(message: SubmitReading, chain_id: str) -> tuple[SignatureCheck, ...]:
    """The device's signature: what a transaction with this message needs verified besides the sender's."""
    signed = reading_hash(
        chain_id, message.device_key, message.mtu, message.generated_wh, message.consumed_wh, message.version
    )
    return (SignatureCheck(message.device_key, signed, message.signature),)


CHECKS: Final[dict[type[Any], Callable[[Any, str], tuple[SignatureCheck, ...]]]] = {SubmitReading: device_checks}
"""Messages that carry signatures of their own: class -> (message, chain id) -> checks."""
