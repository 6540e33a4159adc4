"""Licences: given, taken, weighed; and the keys that belong to them."""

from __future__ import annotations

from dataclasses import replace

from gridnode.crypto.address import address_of
from gridnode.modules.context import Context
from gridnode.modules.registry.standing import has_role
from gridnode.modules.registry.tables import Role
from gridnode.modules.validators.bonds import send_home
from gridnode.modules.validators.codes import ValidatorsCode
from gridnode.modules.validators.events import KeyRotated, Licensed, NodeKeyChanged, Revoked, WeightChanged
from gridnode.modules.validators.messages import License, Revoke, RotateKey, SetNodeKey, SetWeight
from gridnode.modules.validators.seats import other_active_authority, put_licence
from gridnode.modules.validators.standing import (
    licence_by_name,
    licence_of_operator,
    require_licensed,
    standing_of,
)
from gridnode.modules.validators.tables import (
    CONVICTIONS,
    KEYS,
    LICENCES,
    NEW,
    STANDINGS,
    KeyOwner,
    Kind,
    Licence,
    Status,
)
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, PublicKey
from gridnode.primitives.limits import MAX_VALIDATORS
from gridnode.primitives.units import Amount, TimeMs

LICENSED = (Status.ACTIVE, Status.JAILED)


def license_validator(context: Context, sender: Address, message: License) -> None:
    """Handler of `validators.license`."""
    state = context.state
    _check_regulator(context, sender)
    if message.operator in context.module_accounts:
        raise Rejected(ValidatorsCode.RESERVED_ACCOUNT, "expected an account that no module owns", "operator")
    former = LICENCES.get(state, message.name)
    if former is not None and former.status in LICENSED:
        raise Rejected(ValidatorsCode.NAME_TAKEN, "a validator of this name is licensed", "name")
    if (message.kind is Kind.AUTHORITY) != (message.weight > 0):
        raise Rejected(ValidatorsCode.WRONG_WEIGHT, "expected a weight above zero of an authority, and no other", "weight")
    _check_key(context, message)
    _check_node_key(context, message.name, message.node_key)
    if sum(row.status in LICENSED for _, row in LICENCES.scan(state)) >= MAX_VALIDATORS:
        raise Rejected(ValidatorsCode.TOO_MANY, f"expected at most {MAX_VALIDATORS} licences at the same time")
    add_licence(context, message)
    context.emit(
        Licensed(message.name, message.kind, message.zone, message.operator, message.key, message.weight)
    )


def add_licence(context: Context, given: License) -> None:
    """Write a licence whose fields are checked.

    What is known of its validator's turns is kept, but for the last ones missed; another operator begins anew.
    """
    state, former = context.state, LICENCES.get(context.state, given.name)
    licence = Licence(
        given.kind,
        Status.ACTIVE,
        given.zone,
        given.operator,
        given.key,
        given.node_key,
        given.weight,
        Amount(0),
    )
    put_licence(state, given.name, licence)
    KEYS.put(state, address_of(given.key), _owner(given))
    was = standing_of(state, given.name) if former is not None and former.operator == given.operator else NEW
    STANDINGS.put(state, given.name, replace(was, missed_in_row=0, jailed_until_ms=TimeMs(0)))


def revoke(context: Context, sender: Address, message: Revoke) -> None:
    """Handler of `validators.revoke`."""
    state = context.state
    _check_regulator(context, sender)
    licence = licence_by_name(state, message.name)
    require_licensed(licence)
    if licence.kind is Kind.AUTHORITY and not other_active_authority(state, message.name):
        raise Rejected(ValidatorsCode.LAST_AUTHORITY, "one active authority must remain", "name")
    send_home(context, message.name, replace(licence, status=Status.REVOKED), licence.bond)
    context.emit(Revoked(message.name))


def set_weight(context: Context, sender: Address, message: SetWeight) -> None:
    """Handler of `validators.set_weight`."""
    _check_regulator(context, sender)
    licence = licence_by_name(context.state, message.name)
    if licence.kind is not Kind.AUTHORITY:
        raise Rejected(ValidatorsCode.WRONG_KIND, "a staked validator has no weight", "name")
    require_licensed(licence)
    put_licence(context.state, message.name, replace(licence, weight=message.weight))
    context.emit(WeightChanged(message.name, message.weight))


def rotate_key(context: Context, sender: Address, message: RotateKey) -> None:
    """Handler of `validators.rotate_key`; the proof is one of the transaction's signatures, checked with them."""
    state = context.state
    licence = licence_of_operator(state, sender, message.name)
    require_licensed(licence)
    if KEYS.has(state, address_of(message.key)):
        raise Rejected(ValidatorsCode.KEY_TAKEN, "expected a key that was never licensed", "key")
    put_licence(state, message.name, replace(licence, key=message.key))
    KEYS.put(state, address_of(message.key), KeyOwner(message.name, licence.operator, message.key))
    context.emit(KeyRotated(message.name, message.key))


def set_node_key(context: Context, sender: Address, message: SetNodeKey) -> None:
    """Handler of `validators.set_node_key`."""
    licence = licence_of_operator(context.state, sender, message.name)
    require_licensed(licence)
    _check_node_key(context, message.name, message.node_key)
    put_licence(context.state, message.name, replace(licence, node_key=message.node_key))
    context.emit(NodeKeyChanged(message.name, message.node_key))


def _check_regulator(context: Context, sender: Address) -> None:
    if not has_role(context.state, sender, Role.REGULATOR):
        raise Rejected(ValidatorsCode.NOT_REGULATOR, "expected a regulator as sender")


def _check_key(context: Context, given: License) -> None:
    """The key is new, or was this operator's under this name before and is not convicted."""
    address = address_of(given.key)
    owner = KEYS.get(context.state, address)
    if owner is not None and (owner != _owner(given) or CONVICTIONS.has(context.state, address)):
        detail = "expected a key of no other validator, nor of another operator before, and not a convicted one"
        raise Rejected(ValidatorsCode.KEY_TAKEN, detail, "key")


def _owner(given: License) -> KeyOwner:
    return KeyOwner(given.name, given.operator, given.key)


def _check_node_key(context: Context, name: str, node_key: PublicKey) -> None:
    if node_key and any(row.node_key == node_key and other != name for (other,), row in LICENCES.scan(context.state)):
        raise Rejected(ValidatorsCode.NODE_KEY_TAKEN, "the node key belongs to another validator", "node_key")
