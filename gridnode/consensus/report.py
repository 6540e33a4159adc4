"""What consensus of one height waits for, as plain facts: for operators, and never read by consensus itself."""

from __future__ import annotations

from dataclasses import dataclass

from gridnode.chain.vote import VoteKind
from gridnode.consensus.driver import HeightDriver
from gridnode.consensus.machine import Step
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.units import Height, Power, Round


@dataclass(frozen=True, slots=True)
class Seat:
    """A validator in the round at hand."""

    validator: Address
    """Its address."""
    power: Power
    """Its voting power."""
    prevote: Hash | None
    """What it prevoted for (empty: nil), None when nothing was heard."""
    precommit: Hash | None
    """What it precommitted to, likewise."""


@dataclass(frozen=True, slots=True)
class Report:
    """Where consensus stands."""

    height: Height
    """The height at hand."""
    round: Round
    """The round at hand; -1 before round 0."""
    step: Step
    """The step at hand."""
    signs: bool
    """Whether this node votes on the height."""
    proposer: Address
    """Of the round at hand, or of round 0 before it."""
    proposal: Hash | None
    """The block that was proposed in the round, None when none was heard."""
    valid: bool | None
    """Whether that block is valid; None while it is not known."""
    timely: bool | None
    """Whether its time was near enough to this node's clock when it came."""
    wanted: tuple[Hash, ...]
    """Blocks without which it cannot go on."""
    locked: tuple[Round, Hash]
    """The lock: round (-1: none) and block."""
    valid_value: tuple[Round, Hash]
    """The newest block with a quorum of prevotes: round (-1: none) and block."""
    has_work: bool
    """Whether it was told of waiting transactions."""
    quorum_power: int
    """Least power above 2/3."""
    skip_power: int
    """Least power above 1/3."""
    seats: tuple[Seat, ...]
    """Every validator, in the set's order."""


def report_of(driver: HeightDriver) -> Report:
    """Facts of the height that `driver` runs."""
    known, state = driver.known, driver.state
    round_ = Round(max(0, state.round))
    proposal = known.proposals.get(round_)
    verdict = None if proposal is None else known.verdicts.get(proposal.block_hash)
    seats = []
    for member in known.validators.members:
        prevote = known.votes.vote_of(member.address, VoteKind.PREVOTE, round_)
        precommit = known.votes.vote_of(member.address, VoteKind.PRECOMMIT, round_)
        seats.append(
            Seat(
                member.address,
                member.power,
                None if prevote is None else prevote.block_hash,
                None if precommit is None else precommit.block_hash,
            )
        )
    return Report(
        driver.height,
        state.round,
        state.step,
        driver.me is not None,
        known.proposer(round_),
        None if proposal is None else proposal.block_hash,
        None if verdict is None else verdict.valid,
        None if verdict is None else verdict.timely,
        tuple(driver.wanted()),
        (state.locked_round, state.locked_hash),
        (state.valid_round, state.valid_hash),
        known.has_work,
        known.votes.quorum_power,
        known.votes.skip_power,
        tuple(seats),
    )
