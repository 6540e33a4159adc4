"""Whose turn it is to propose: the order of the next height, and what the last commit says of the turns of the height before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from gridnode.chain.commit import Commit
from gridnode.chain.validators import drawn
from gridnode.crypto.hashing import Tag
from gridnode.modules.context import Context
from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import Denomination
from gridnode.modules.validators.events import Summary
from gridnode.modules.validators.standing import count_made, count_missed, holds_licence, standing_of
from gridnode.modules.validators.tables import BONDS, DRAW, KEYS, LICENCES, SEATS, Draw, Seat
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.units import PPM, Height, TimeMs
from gridnode.state.kv import Reader
from gridnode.state.overlay import State

SUMMARY_BLOCKS: Final = 100
_SEED: Final = Tag("gridnode/proposer-seed")


class Turn(NamedTuple):
    """A member, as the draw sees it."""

    address: Address
    zone: str  # empty: none
    tickets: int  # its chance against the others', at least 1


def order_of(seed: bytes, turns: Sequence[Turn], last_zone: str) -> tuple[Address, ...]:
    """The order in which `turns` (ascending by address) come, after `last_zone` has had its turn (rule 4)."""
    left = list(turns)
    order: list[Address] = []
    for number in range(len(left)):
        others = [turn for turn in left if not turn.zone or turn.zone != last_zone] or left
        turn = others[drawn(seed, number, [other.tickets for other in others])]
        left.remove(turn)
        order.append(turn.address)
        last_zone = turn.zone
    return tuple(order)


def next_seed(seed: Hash, previous_hash: bytes) -> Hash:
    """The seed after a block: of the one before, and of the hash of the block before (rule 5)."""
    return _SEED.hash(seed + previous_hash)


def turns_of(reader: Reader, seats: Sequence[Seat]) -> list[Turn]:
    """The members as the draw sees them."""
    return [_turn(reader, seat) for seat in seats]


def _turn(reader: Reader, seat: Seat) -> Turn:
    validator = seat.validator
    tickets = validator.power * standing_of(reader, validator.name).reputation_ppm // PPM
    return Turn(validator.address, LICENCES.require(reader, validator.name).zone, max(1, tickets))


def first_draw(state: State, genesis_hash: Hash, time_ms: int) -> Draw:
    """The draw of height 1."""
    seed = next_seed(Hash(bytes(32)), genesis_hash)
    turns = turns_of(state, [seat for _, seat in SEATS.scan(state)])
    return Draw(seed, order_of(seed, turns, ""), (), Address(b""), 0, 0, TimeMs(time_ms))


def count_turns(context: Context, commit: Commit) -> None:
    """What the commit of the block before says of the turns at its height (rule 6)."""
    state, draw = context.state, DRAW.require(context.state)
    if not draw.previous:
        return
    count = len(draw.previous)
    proposer = draw.previous[commit.round % count]
    made = dict.fromkeys((draw.maker, proposer))
    missed = [address for address in draw.previous[: commit.round] if address not in made]
    for address in made:
        if holds_licence(state, address):
            count_made(context, KEYS.require(state, address).name)
    for address in missed:
        if holds_licence(state, address):
            count_missed(context, KEYS.require(state, address).name, Height(commit.height))
    if commit.round:
        DRAW.put(state, replace(draw, rounds=draw.rounds + commit.round, misses=draw.misses + len(missed)))


def draw_turns(context: Context, maker: Address) -> None:
    """The order of the next height; `maker` made this block. At every hundredth height, a summary."""
    state, was = context.state, DRAW.require(context.state)
    seed = next_seed(was.seed, context.previous_hash)
    seats = [seat for _, seat in SEATS.scan(state)]
    last_zone = LICENCES.require(state, KEYS.require(state, maker).name).zone
    order = order_of(seed, turns_of(state, seats), last_zone)
    summary_ms = was.summary_ms
    if context.height % SUMMARY_BLOCKS == 0:
        context.emit(_summary(context, seats, was))
        summary_ms = context.time_ms
    DRAW.put(state, Draw(seed, order, was.order, maker, was.rounds, was.misses, summary_ms))


def _summary(context: Context, seats: Sequence[Seat], draw: Draw) -> Summary:
    return Summary(
        len(seats),
        sum(seat.validator.power for seat in seats),
        balance(context.state, BONDS, Denomination.GRID),
        (context.time_ms - draw.summary_ms) // SUMMARY_BLOCKS,
        draw.rounds,
        draw.misses,
    )
