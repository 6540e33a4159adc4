"""Handlers of registry messages, the opening state, and what later modules ask about participants, points and meters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gridnode.modules.context import Context
from gridnode.modules.registry.codes import RegistryCode
from gridnode.modules.registry.events import (
    GatewayChanged,
    ParticipantRegistered,
    RegulatorChanged,
    StatusChanged,
)
from gridnode.modules.registry.messages import (
    AddGateway,
    AddRegulator,
    BindMeter,
    RebindMeter,
    RegisterParticipant,
    RegisterPoint,
    ReinstateParticipant,
    RemoveGateway,
    RemoveRegulator,
    SuspendParticipant,
    UnbindMeter,
    Withdraw,
)
from gridnode.modules.registry.metering_points import bind_meter, rebind_meter, register_point, unbind_meter
from gridnode.modules.registry.standing import dso_of_zone, has_role, require_active
from gridnode.modules.registry.tables import (
    PARTICIPANTS,
    ROLES,
    SERVICES,
    Participant,
    RegistryGenesis,
    Role,
    Status,
)
from gridnode.primitives.errors import OperatorError, Rejected
from gridnode.primitives.ids import Address


def register_participant(context: Context, sender: Address, message: RegisterParticipant) -> None:
    """Handler of `registry.register_participant`."""
    _check_regulator(context, sender)
    dso_of_zone(context.state, message.zone)
    if message.account in context.module_accounts:
        raise Rejected(RegistryCode.RESERVED_ACCOUNT, "expected an account that no module owns", "account")
    if PARTICIPANTS.has(context.state, message.account):
        raise Rejected(RegistryCode.ALREADY_REGISTERED, "the account is a participant already", "account")
    participant = Participant(message.kind, message.zone, Status.ACTIVE, message.name)
    PARTICIPANTS.put(context.state, message.account, participant)
    context.emit(ParticipantRegistered(message.account, message.zone))


def suspend_participant(context: Context, sender: Address, message: SuspendParticipant) -> None:
    """Handler of `registry.suspend_participant`."""
    _check_regulator(context, sender)
    _set_status(context, message.account, (Status.ACTIVE,), Status.SUSPENDED)


def reinstate_participant(context: Context, sender: Address, message: ReinstateParticipant) -> None:
    """Handler of `registry.reinstate_participant`."""
    _check_regulator(context, sender)
    _set_status(context, message.account, (Status.SUSPENDED, Status.INACTIVE), Status.ACTIVE)


def withdraw(context: Context, sender: Address, message: Withdraw) -> None:  # noqa: ARG001 (the reason is told, not kept)
    """Handler of `registry.withdraw`."""
    require_active(context.state, sender)
    _set_status(context, sender, (Status.ACTIVE,), Status.INACTIVE)


def add_regulator(context: Context, sender: Address, message: AddRegulator) -> None:
    """Handler of `registry.add_regulator`."""
    _add_role(context, sender, message, Role.REGULATOR, RegistryCode.ALREADY_REGULATOR)
    context.emit(RegulatorChanged(message.account, True))


def remove_regulator(context: Context, sender: Address, message: RemoveRegulator) -> None:
    """Handler of `registry.remove_regulator`."""
    _check_regulator(context, sender)
    if not has_role(context.state, message.account, Role.REGULATOR):
        raise Rejected(RegistryCode.UNKNOWN_REGULATOR, "the account is no regulator", "account")
    if len(list(ROLES.scan(context.state, Role.REGULATOR, limit=2))) == 1:
        raise Rejected(RegistryCode.LAST_REGULATOR, "one regulator must remain", "account")
    ROLES.delete(context.state, Role.REGULATOR, message.account)
    context.emit(RegulatorChanged(message.account, False))


def add_gateway(context: Context, sender: Address, message: AddGateway) -> None:
    """Handler of `registry.add_gateway`."""
    _add_role(context, sender, message, Role.GATEWAY, RegistryCode.ALREADY_GATEWAY)
    context.emit(GatewayChanged(message.account, True))


def remove_gateway(context: Context, sender: Address, message: RemoveGateway) -> None:
    """Handler of `registry.remove_gateway`."""
    _check_regulator(context, sender)
    if not has_role(context.state, message.account, Role.GATEWAY):
        raise Rejected(RegistryCode.UNKNOWN_GATEWAY, "the account is no gateway", "account")
    ROLES.delete(context.state, Role.GATEWAY, message.account)
    context.emit(GatewayChanged(message.account, False))


def open(context: Context, genesis: RegistryGenesis) -> None:  # noqa: A001 (every module opens)
    """Write the opening state.

    Raises OperatorError when an institution or zone is listed twice, no regulator is there, or a zone's DSO has not that role.
    """
    state = context.state
    for institution in genesis.institutions:
        if has_role(state, institution.account, institution.role):
            raise OperatorError(f"registry.institutions: {institution.name} has the role {institution.role.name} twice")
        ROLES.put(state, institution.role, institution.account, institution.name)
    if not any(ROLES.scan(state, Role.REGULATOR, limit=1)):
        raise OperatorError("registry.institutions: expected at least one regulator")
    for service in genesis.services:
        if SERVICES.has(state, service.zone):
            raise OperatorError(f"registry.services: the zone {service.zone} is listed twice")
        if not has_role(state, service.dso, Role.DSO):
            raise OperatorError(f"registry.services: expected an institution with the role DSO for {service.zone}")
        SERVICES.put(state, service.zone, service.dso)


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {
    RegisterParticipant: register_participant,
    SuspendParticipant: suspend_participant,
    ReinstateParticipant: reinstate_participant,
    Withdraw: withdraw,
    AddRegulator: add_regulator,
    RemoveRegulator: remove_regulator,
    AddGateway: add_gateway,
    RemoveGateway: remove_gateway,
    RegisterPoint: register_point,
    BindMeter: bind_meter,
    RebindMeter: rebind_meter,
    UnbindMeter: unbind_meter,
}
"""Which handler runs which message."""


def _check_regulator(context: Context, sender: Address) -> None:
    if not has_role(context.state, sender, Role.REGULATOR):
        raise Rejected(RegistryCode.NOT_REGULATOR, "expected a regulator as sender")


def _add_role(
    context: Context, sender: Address, message: AddRegulator | AddGateway, role: Role, taken: RegistryCode
) -> None:
    _check_regulator(context, sender)
    if message.account in context.module_accounts:
        raise Rejected(RegistryCode.RESERVED_ACCOUNT, "expected an account that no module owns", "account")
    if has_role(context.state, message.account, role):
        raise Rejected(taken, f"the account is a {role.name.lower()} already", "account")
    ROLES.put(context.state, role, message.account, message.name)


def _set_status(context: Context, account: Address, sources: tuple[Status, ...], status: Status) -> None:
    participant = PARTICIPANTS.get(context.state, account)
    if participant is None:
        raise Rejected(RegistryCode.UNKNOWN_PARTICIPANT, "the account is no participant", "account")
    if participant.status not in sources:
        expected = " or ".join(source.name.lower() for source in sources)
        detail = f"expected a participant that is {expected}, it is {participant.status.name.lower()}"
        raise Rejected(RegistryCode.WRONG_STATUS, detail, "account")
    PARTICIPANTS.put(context.state, account, replace(participant, status=status))
    context.emit(StatusChanged(account, status))
