"""Messages of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import message
from gridnode.codec.fields import ADDRESS, KEY, NAME, TEXT
from gridnode.modules.registry.tables import (
    DIRECTION,
    KIND,
    MAX_METER_WH,
    SOURCE,
    Direction,
    Kind,
    Source,
)
from gridnode.primitives.ids import Address, MeterId, PointId, PublicKey, ZoneId
from gridnode.primitives.units import EnergyWh


@message("registry.register_participant")
class RegisterParticipant:
    """A regulator enrols a participant; active from then on."""

    account: Annotated[Address, ADDRESS]
    kind: Annotated[Kind, KIND]
    zone: Annotated[ZoneId, NAME]
    name: Annotated[str, TEXT]  # a pseudonym or a firm


@message("registry.suspend_participant")
class SuspendParticipant:
    """A regulator suspends an active participant."""

    account: Annotated[Address, ADDRESS]
    reason: Annotated[str, TEXT]


@message("registry.reinstate_participant")
class ReinstateParticipant:
    """A regulator makes a suspended or withdrawn participant active again."""

    account: Annotated[Address, ADDRESS]


@message("registry.withdraw")
class Withdraw:
    """The sender, an active participant, stops to take part."""

    reason: Annotated[str, TEXT]


@message("registry.add_regulator")
class AddRegulator:
    """A regulator makes another account a regulator."""

    account: Annotated[Address, ADDRESS]
    name: Annotated[str, TEXT]


@message("registry.remove_regulator")
class RemoveRegulator:
    """A regulator takes the role from a regulator, itself included; never from the last."""

    account: Annotated[Address, ADDRESS]


@message("registry.add_gateway")
class AddGateway:
    """A regulator makes an account a gateway."""

    account: Annotated[Address, ADDRESS]
    name: Annotated[str, TEXT]


@message("registry.remove_gateway")
class RemoveGateway:
    """A regulator takes the role from a gateway."""

    account: Annotated[Address, ADDRESS]


@message("registry.register_point")
class RegisterPoint:
    """The zone's DSO registers a connection point of an active participant."""

    point: Annotated[PointId, NAME]
    owner: Annotated[Address, ADDRESS]
    zone: Annotated[ZoneId, NAME]


@message("registry.bind_meter")
class BindMeter:
    """The zone's DSO registers a new meter at a connection point and binds it to a device's key."""

    meter: Annotated[MeterId, NAME]
    point: Annotated[PointId, NAME]
    device_key: Annotated[PublicKey, KEY]
    direction: Annotated[Direction, DIRECTION]
    source: Annotated[Source, SOURCE]  # `grid` for consumption
    max_energy_wh: Annotated[EnergyWh, MAX_METER_WH]  # the most it can plausibly measure in one MTU


@message("registry.rebind_meter")
class RebindMeter:
    """The zone's DSO binds a known meter, bound or not, to another device: the device was exchanged."""

    meter: Annotated[MeterId, NAME]
    device_key: Annotated[PublicKey, KEY]


@message("registry.unbind_meter")
class UnbindMeter:
    """The zone's DSO takes the device from a meter; its readings end, its name stays taken."""

    meter: Annotated[MeterId, NAME]


MESSAGES: Final[tuple[type[Any], ...]] = (
    RegisterParticipant,
    SuspendParticipant,
    ReinstateParticipant,
    Withdraw,
    AddRegulator,
    RemoveRegulator,
    AddGateway,
    RemoveGateway,
    RegisterPoint,
    BindMeter,
    RebindMeter,
    UnbindMeter,
)
"""Every message of the module."""
