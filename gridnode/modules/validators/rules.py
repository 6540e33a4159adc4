"""The opening state, the hooks of a block, and who votes and proposes at the height after a state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gridnode.chain.commit import Commit
from gridnode.chain.validators import ValidatorSet
from gridnode.crypto.address import address_of
from gridnode.modules.context import Context
from gridnode.modules.validators.bonds import bond, release, unbond
from gridnode.modules.validators.lease import TakeLease, take_lease
from gridnode.modules.validators.licensing import (
    add_licence,
    license_validator,
    revoke,
    rotate_key,
    set_node_key,
    set_weight,
)
from gridnode.modules.validators.messages import (
    Bond,
    License,
    Revoke,
    RotateKey,
    SetNodeKey,
    SetWeight,
    Unbond,
    Unjail,
)
from gridnode.modules.validators.offences import mark_time
from gridnode.modules.validators.seats import fill_seats
from gridnode.modules.validators.standing import recover, unjail
from gridnode.modules.validators.tables import (
    DRAW,
    KEYS,
    LICENCES,
    PARAMS,
    SEATS,
    Kind,
    Place,
    ValidatorParams,
    ValidatorsOpening,
)
from gridnode.modules.validators.turns import count_turns, draw_turns, first_draw
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import Address, PublicKey
from gridnode.primitives.limits import MAX_WEIGHT
from gridnode.state.kv import Reader


def current_set(reader: Reader) -> ValidatorSet:
    """The set that votes on the block after this state: height h + 1 when `reader` is the state after block h.

    Rows are in ascending order of address, which is the set's order.
    """
    return ValidatorSet(tuple(seat.validator for _, seat in SEATS.scan(reader)))


def proposers(reader: Reader) -> tuple[Address, ...]:
    """The order in which that set proposes: round r of height h + 1 has the r-th, modulo their number."""
    return DRAW.require(reader).order


def is_authority(reader: Reader, validator: Address) -> bool:
    """Whether this validator may propose energy transactions; false for who is no validator."""
    seat = SEATS.get(reader, validator)
    return seat is not None and seat.is_authority


def open(context: Context, genesis: ValidatorsOpening) -> None:  # noqa: A001 (every module opens)
    """License every validator of genesis as an authority whose weight is its power there; the set of height 1 is that of genesis.

    Raises OperatorError for an address that is not that of the key, names or keys that are listed twice, a power above MAX_WEIGHT, a
    place of nobody, and parameters that do not fit each other.
    """
    state, params = context.state, genesis.rest.params
    _check_params(context, params)
    PARAMS.put(state, params)
    places = {place.name: place for place in genesis.rest.places}
    names = {member.name: None for member in genesis.members.members}
    if len(places) != len(genesis.rest.places) or any(name not in names for name in places):
        raise OperatorError("validators: expected each zone and node key once, of a validator in the list")
    for member in genesis.members.members:
        if address_of(member.key) != member.address:
            raise OperatorError(f"validators: expected the address of its key for {member.name}")
        if KEYS.has(state, member.address):
            raise OperatorError(f"validators: {member.name} has the key of another validator")
        if LICENCES.has(state, member.name):
            raise OperatorError(f"validators: the name {member.name} is listed twice")
        if member.power > MAX_WEIGHT or member.operator in context.module_accounts:
            raise OperatorError(f"validators: {member.name}: expected a power of at most {MAX_WEIGHT}, and an operator of its own")
        place = places.get(member.name, Place(member.name, "", PublicKey(b"")))
        add_licence(
            context,
            License(member.name, Kind.AUTHORITY, place.zone, member.operator, member.key, place.node_key, member.power),
        )
    node_keys = [place.node_key for place in genesis.rest.places if place.node_key]
    if len(dict.fromkeys(node_keys)) != len(node_keys):
        raise OperatorError("validators: expected each node key once")
    fill_seats(context)
    context.events = []
    DRAW.put(state, first_draw(state, context.previous_hash, context.time_ms))
    mark_time(context)


def _check_params(context: Context, params: ValidatorParams) -> None:
    if 8 * params.unbonding_ms < 9 * params.evidence_ms:
        raise OperatorError(
            "validator_params.unbonding_ms: expected at least 9/8 of evidence_ms, "
            f"so that what evidence punishes is still bonded; got {params.unbonding_ms} and {params.evidence_ms}"
        )
    if not params.min_bond:
        raise OperatorError("validator_params.min_bond: expected more than zero")
    if params.slashed_account in context.module_accounts:
        raise OperatorError("validator_params.slashed_account: expected an account that no module owns")


def begin_block(context: Context, last_commit: Commit) -> None:
    """Before evidence and transactions of a block: what the commit of the block before says of those whose turn it was."""
    count_turns(context, last_commit)


def end_block(context: Context) -> None:
    """After the transactions: what is home by now, the set and the turns of the next height."""
    release(context)
    recover(context)
    mark_time(context)
    fill_seats(context)
    draw_turns(context, context.proposer)


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {
    License: license_validator,
    Revoke: revoke,
    SetWeight: set_weight,
    Bond: bond,
    Unbond: unbond,
    Unjail: unjail,
    RotateKey: rotate_key,
    SetNodeKey: set_node_key,
    TakeLease: take_lease,
}
"""Which handler runs which message."""
