"""What consensus tells operators of a height: votes, proposal and verdict, what is wanted; looking changes nothing."""

from __future__ import annotations

from gridnode.chain.vote import VoteKind
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import (
    BlockKnown,
    ProposalReceived,
    TimeoutElapsed,
    TimeoutKind,
    VoteReceived,
)
from gridnode.consensus.machine import Step
from gridnode.consensus.report import Report
from gridnode.primitives.units import Height, Round
from tests.unit.consensus.setting import PARAMS, address, block, proposal, start, validators, vote

SET = validators([10, 10, 10, 10])


def engine() -> Engine:
    """A listener's, so that nothing has to be signed."""
    return Engine(PARAMS, None)


def report(of: Engine) -> Report:
    """It must have begun."""
    found = of.report()
    assert found is not None
    return found


def begun() -> Engine:
    """Round 0 has begun."""
    made = engine()
    made.handle(start(1, SET))
    made.handle(TimeoutElapsed(TimeoutKind.HEARTBEAT, Height(1), Round(0)))
    return made


def test_before_the_first_height() -> None:
    assert engine().report() is None


def test_before_round_0_the_proposer_of_round_0_is_told() -> None:
    made = engine()
    made.handle(start(1, SET))
    found = report(made)
    assert (found.height, found.round, found.step) == (1, -1, Step.START)
    assert found.proposer == report(begun()).proposer
    assert (found.quorum_power, found.skip_power) == (27, 14)
    assert [(seat.prevote, seat.precommit) for seat in found.seats] == [(None, None)] * 4


def test_votes_of_the_round_at_hand() -> None:
    """A vote for nil is not the same as none; votes of other rounds are not told."""
    made = begun()
    made.handle(VoteReceived(vote(VoteKind.PREVOTE, 0, 0, block("a"))))
    made.handle(VoteReceived(vote(VoteKind.PREVOTE, 1, 0, block("nil"))))
    made.handle(VoteReceived(vote(VoteKind.PRECOMMIT, 2, 0, block("a"))))
    made.handle(VoteReceived(vote(VoteKind.PREVOTE, 3, 1, block("a"))))
    seats = {seat.validator: (seat.prevote, seat.precommit) for seat in report(made).seats}
    assert seats[address(0)] == (block("a"), None)
    assert seats[address(1)] == (b"", None)
    assert seats[address(2)] == (None, block("a"))
    assert seats[address(3)] == (None, None)


def test_the_proposal_with_its_verdict() -> None:
    made = begun()
    made.handle(ProposalReceived(proposal(report(made).proposer, 0, block("a"))))
    found = report(made)
    assert (found.proposal, found.valid, found.timely, found.wanted) == (block("a"), None, None, (block("a"),))
    made.handle(BlockKnown(Height(1), block("a"), True, False, b"bytes"))
    found = report(made)
    assert (found.valid, found.timely, found.wanted) == (True, False, ())


def test_the_lock_is_told_and_looking_changes_nothing() -> None:
    made = begun()
    made.handle(ProposalReceived(proposal(report(made).proposer, 0, block("a"))))
    made.handle(BlockKnown(Height(1), block("a"), True, True, b"bytes"))
    for sender in range(3):
        made.handle(VoteReceived(vote(VoteKind.PREVOTE, sender, 0, block("a"))))
    found = report(made)
    assert found.locked == found.valid_value == (0, block("a"))
    assert report(made) == found
