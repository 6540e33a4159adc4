"""Turns made and missed, reputation, jail, and the way back; and what other rules ask of a licence."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gridnode.modules.context import Context
from gridnode.modules.validators.codes import ValidatorsCode
from gridnode.modules.validators.events import Jailed, Missed, Unjailed
from gridnode.modules.validators.messages import Unjail
from gridnode.modules.validators.seats import holders, other_active_authority, put_licence
from gridnode.modules.validators.tables import (
    FULL,
    KEYS,
    LEAST,
    LICENCES,
    NEW,
    PARAMS,
    STANDINGS,
    Kind,
    Licence,
    Standing,
    Status,
)
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_U32
from gridnode.primitives.units import Height, TimeMs
from gridnode.state.kv import Reader

RECOVERY_BLOCKS: Final = 100
"""So often everybody's reputation recovers a little."""


def licence_by_name(reader: Reader, name: str) -> Licence:
    """The licence of this name. Raises Rejected(UNKNOWN_VALIDATOR)."""
    found = LICENCES.get(reader, name)
    if found is None:
        raise Rejected(ValidatorsCode.UNKNOWN_VALIDATOR, "no validator has this name", "name")
    return found


def licence_of_operator(reader: Reader, sender: Address, name: str) -> Licence:
    """The licence of this name, whose operator is the sender. Raises Rejected(UNKNOWN_VALIDATOR or NOT_OPERATOR)."""
    found = licence_by_name(reader, name)
    if found.operator != sender:
        raise Rejected(ValidatorsCode.NOT_OPERATOR, "expected the validator's operator as sender")
    return found


def holds_licence(reader: Reader, address: Address) -> bool:
    """Whether the operator whose a licensed consensus key is holds the licence by that name; it may be another's by now."""
    owner = KEYS.require(reader, address)
    return LICENCES.require(reader, owner.name).operator == owner.operator


def require_licensed(licence: Licence) -> None:
    """Raises Rejected(NOT_LICENSED) for a licence that is revoked or convicted."""
    if licence.status not in (Status.ACTIVE, Status.JAILED):
        detail = f"the licence is {licence.status.name.lower()}; a regulator may license it again"
        raise Rejected(ValidatorsCode.NOT_LICENSED, detail, "name")


def standing_of(reader: Reader, name: str) -> Standing:
    """How a licensed validator has done."""
    return STANDINGS.get(reader, name) or NEW


def lowered(reputation_ppm: int, part: int) -> int:
    """Reputation less a `part`-th of it (rounded down), not below the least."""
    return max(LEAST, reputation_ppm - reputation_ppm // part)


def raised(reputation_ppm: int) -> int:
    """Reputation and a sixteenth of what lacks, rounded up: at last it is full."""
    return reputation_ppm + (FULL - reputation_ppm + 15) // 16


def count_made(context: Context, name: str) -> None:
    """A validator's turn brought a block."""
    was = standing_of(context.state, name)
    now = replace(was, made=was.made + 1, missed_in_row=0, reputation_ppm=raised(was.reputation_ppm))
    STANDINGS.put(context.state, name, now)


def count_missed(context: Context, name: str, height: Height) -> None:
    """A validator's turn at `height` brought none; jail at the limit, where that may be."""
    state, params = context.state, PARAMS.require(context.state)
    was = standing_of(state, name)
    in_row = min(was.missed_in_row + 1, MAX_U32)
    now = replace(
        was, missed=was.missed + 1, missed_in_row=in_row, reputation_ppm=lowered(was.reputation_ppm, 8)
    )
    STANDINGS.put(state, name, now)
    context.emit(Missed(name, height, in_row, now.reputation_ppm))
    licence = LICENCES.require(state, name)
    if in_row >= params.misses_to_jail and licence.status is Status.ACTIVE and _may_be_jailed(state, name, licence):
        until_ms = TimeMs(context.time_ms + params.jail_ms)
        STANDINGS.put(state, name, replace(now, missed_in_row=0, jailed_until_ms=until_ms))
        put_licence(state, name, replace(licence, status=Status.JAILED))
        context.emit(Jailed(name, until_ms))


def _may_be_jailed(reader: Reader, name: str, licence: Licence) -> bool:
    """Whether the chain does without it: an authority stays while more than a third of the weight would be in jail."""
    if licence.kind is Kind.STAKED:
        return True
    jailed = sum(holder.licence.weight for holder in holders(reader, Kind.AUTHORITY, Status.JAILED))
    active = sum(holder.licence.weight for holder in holders(reader, Kind.AUTHORITY, Status.ACTIVE))
    return 3 * (jailed + licence.weight) <= jailed + active and other_active_authority(reader, name)


def recover(context: Context) -> None:
    """At every hundredth height: all who lack reputation get some of it back."""
    if context.height % RECOVERY_BLOCKS:
        return
    for (name,), was in STANDINGS.scan(context.state):
        if was.reputation_ppm < FULL:
            STANDINGS.put(context.state, name, replace(was, reputation_ppm=raised(was.reputation_ppm)))


def unjail(context: Context, sender: Address, message: Unjail) -> None:
    """Handler of `validators.unjail`."""
    state = context.state
    licence = licence_of_operator(state, sender, message.name)
    require_licensed(licence)
    if licence.status is not Status.JAILED:
        raise Rejected(ValidatorsCode.NOT_JAILED, "the validator is not jailed", "name")
    standing = standing_of(state, message.name)
    if context.time_ms < standing.jailed_until_ms:
        raise Rejected(ValidatorsCode.STILL_JAILED, f"expected chain time {standing.jailed_until_ms} or later")
    STANDINGS.put(state, message.name, replace(standing, jailed_until_ms=TimeMs(0), missed_in_row=0))
    put_licence(state, message.name, replace(licence, status=Status.ACTIVE))
    context.emit(Unjailed(message.name))
