"""Evidence: whether a piece of it holds, and what it costs the validator whose key it proves guilty."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from gridnode.chain.evidence import Evidence, check_contradiction, check_signatures, offence_of
from gridnode.modules.context import Context
from gridnode.modules.validators.bonds import send_home, slash
from gridnode.modules.validators.codes import ValidatorsCode
from gridnode.modules.validators.events import Convicted
from gridnode.modules.validators.seats import had_seat, other_active_authority
from gridnode.modules.validators.standing import holds_licence, lowered, standing_of
from gridnode.modules.validators.tables import (
    CONVICTIONS,
    KEYS,
    LICENCES,
    MARKS,
    PARAMS,
    STANDINGS,
    Conviction,
    KeyOwner,
    Kind,
    Status,
)
from gridnode.primitives.errors import Malformed, Rejected
from gridnode.primitives.units import Height, TimeMs
from gridnode.state.kv import Reader

MARKS_KEPT = 16
"""Marks within the age of evidence."""


class Clock(NamedTuple):
    """When evidence is judged."""

    height: int  # of the block that is to carry it
    time_ms: int  # of that block, chain time


def check_evidence(reader: Reader, chain_id: str, evidence: Evidence, now: Clock) -> None:
    """Whether a block at `now` over the state of `reader` may carry `evidence`. Raises Rejected with a code from NO_CONTRADICTION on."""
    owner = check_offence(reader, evidence, now)
    try:
        check_signatures(evidence, chain_id, owner.key)
    except Malformed as error:
        raise Rejected(ValidatorsCode.FORGED, str(error)) from None


def check_offence(reader: Reader, evidence: Evidence, now: Clock) -> KeyOwner:
    """All of `check_evidence` but the signatures, which stay as they are; whose key it accuses.

    Raises Rejected with a code from NO_CONTRADICTION to ALREADY_CONVICTED.
    """
    try:
        check_contradiction(evidence)
    except Malformed as error:
        raise Rejected(ValidatorsCode.NO_CONTRADICTION, str(error)) from None
    offence = offence_of(evidence)
    owner = KEYS.get(reader, offence.author)
    if owner is None:
        raise Rejected(ValidatorsCode.UNKNOWN_KEY, "expected messages of a validator")
    if offence.height > now.height:
        raise Rejected(ValidatorsCode.FROM_FUTURE, f"expected a height up to {now.height}, got {offence.height}")
    if not had_seat(reader, offence.author, offence.height):
        raise Rejected(ValidatorsCode.NO_SEAT, f"{owner.name} had no seat at height {offence.height}")
    _check_age(reader, offence.height, now)
    if CONVICTIONS.has(reader, offence.author):
        raise Rejected(ValidatorsCode.ALREADY_CONVICTED, f"the key of {owner.name} is convicted")
    return owner


def _check_age(reader: Reader, height: int, now: Clock) -> None:
    params = PARAMS.require(reader)
    if now.height - height > params.evidence_blocks:
        raise Rejected(ValidatorsCode.TOO_OLD, f"expected a height from {now.height - params.evidence_blocks} on")
    for (at,), time_ms in MARKS.scan(reader, start=(height,), limit=1):
        if now.time_ms - time_ms > params.evidence_ms:
            raise Rejected(ValidatorsCode.TOO_OLD, f"block {at} is more than {params.evidence_ms} ms old")


def punish(context: Context, evidence: Evidence) -> None:
    """Convict the key that `evidence` proves guilty, and the licence that its operator holds by that name (rule 8).

    Raises Rejected as `check_evidence`.
    """
    state = context.state
    check_evidence(state, context.chain_id, evidence, Clock(context.height, context.time_ms))
    offence = offence_of(evidence)
    owner = KEYS.require(state, offence.author)
    slashed = slash(context, owner.name, owner.operator, offence.height)
    keeps_seat = holds_licence(state, offence.author) and _convict_licence(context, owner.name, len(evidence.proposals))
    conviction = Conviction(owner.name, owner.operator, offence.height, offence.round, context.height, slashed)
    CONVICTIONS.put(state, offence.author, conviction)
    context.emit(Convicted(owner.name, owner.operator, owner.key, offence.height, offence.round, slashed, keeps_seat))


def _convict_licence(context: Context, name: str, rejected: int) -> bool:
    """What a conviction costs who holds the licence, besides GRID. Whether it keeps its seat, as the last authority."""
    state = context.state
    licence, standing = LICENCES.require(state, name), standing_of(state, name)
    is_last = licence.kind is Kind.AUTHORITY and not other_active_authority(state, name)
    if licence.status is not Status.REVOKED and not is_last:
        send_home(context, name, replace(licence, status=Status.CONVICTED), licence.bond)
    lower = lowered(standing.reputation_ppm, 2)
    STANDINGS.put(
        state,
        name,
        replace(standing, reputation_ppm=lower, rejected=standing.rejected + rejected, jailed_until_ms=TimeMs(0)),
    )
    return is_last and licence.status is not Status.REVOKED


def mark_time(context: Context) -> None:
    """Note this block's time, unless that was done lately; forget marks that are of no use any more (rule 9)."""
    state, evidence_ms = context.state, PARAMS.require(context.state).evidence_ms
    newest = next(iter(MARKS.scan(state, reverse=True, limit=1)), None)
    if newest is not None and context.time_ms - newest[1] < max(1, evidence_ms // MARKS_KEPT):
        return
    MARKS.put(state, context.height, TimeMs(context.time_ms))
    useless: list[Height] = []
    for (height,), time_ms in MARKS.scan(state):
        if context.time_ms - time_ms <= 2 * evidence_ms:
            break
        useless.append(height)
    for height in useless[:-1]:
        MARKS.delete(state, height)
