"""Algorithm 1 of arXiv:1807.04938 for one height: `apply(state, fact) -> (state, outputs)`.

Each rule names its lines of the paper; `RULES` says in which steps it is listed, and a pair that is not listed does nothing.
State that the paper keeps in messages (the log of proposals and votes) lives outside, in the driver; here is what lines 2 to 9
initialise. Deviations, each without effect on safety:

- START precedes round 0, because a block waits for work or a heartbeat (the paper starts at once, line 10).
- The proposer too schedules the propose timeout: building a block may fail, and then it is a proposer that says nothing.
- "First time" (lines 34, 36, 47) is three flags of the round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, NamedTuple

from gridnode.chain.vote import NO_ROUND, VoteKind
from gridnode.consensus import facts
from gridnode.consensus.facts import Build, CastVote, Decided, Fact, Output, Propose, StartTimer
from gridnode.consensus.inputs import TimeoutKind
from gridnode.primitives.ids import NO_HASH, Hash
from gridnode.primitives.limits import MAX_ROUND
from gridnode.primitives.units import Round


class Step(IntEnum):
    """Where a process stands in a round (line 4), in order."""

    START = 0
    PROPOSE = 1
    PREVOTE = 2
    PRECOMMIT = 3
    DECIDED = 4


@dataclass(frozen=True, slots=True)
class State:
    """The paper's variables of one height (lines 3 to 9)."""

    round: Round = NO_ROUND
    """round_p; -1 before the start."""
    step: Step = Step.START
    """step_p."""
    locked_hash: Hash = NO_HASH
    """id(lockedValue_p)."""
    locked_round: Round = NO_ROUND
    """lockedRound_p."""
    valid_hash: Hash = NO_HASH
    """id(validValue_p)."""
    valid_round: Round = NO_ROUND
    """validRound_p."""
    decided_hash: Hash = NO_HASH
    """id(decision_p[h_p])."""
    built: bool = False
    """getValue() has answered in this round; a second answer is not proposed."""
    prevote_timer: bool = False
    """Line 34 has fired in this round."""
    polka_seen: bool = False
    """Line 36 has fired in this round."""
    precommit_timer: bool = False
    """Line 47 has fired in this round."""


_ACROSS_ROUNDS = ("locked_hash", "locked_round", "valid_hash", "valid_round")

Outputs = tuple[Output, ...]
Change = tuple[State, Outputs]


def _start_round(state: State, round_: Round, proposing: bool) -> Change:
    """Lines 11 to 21."""
    if round_ > MAX_ROUND:
        return state, ()
    kept = {name: getattr(state, name) for name in _ACROSS_ROUNDS}
    state = State(round=round_, step=Step.PROPOSE, **kept)
    timer = StartTimer(TimeoutKind.PROPOSE)
    if not proposing:
        return state, (timer,)
    if state.valid_hash:
        return state, (timer, Propose(state.valid_hash, state.valid_round))
    return state, (timer, Build())


def _begin(state: State, fact: facts.Begin) -> Change:
    """Line 10."""
    return _start_round(state, Round(0), fact.proposing)


def _value_built(state: State, fact: facts.ValueBuilt) -> Change:
    """Lines 18 and 19, when getValue() answers in time for the round that asked."""
    if fact.round != state.round or state.valid_hash or state.built:
        return state, ()
    return replace(state, built=True), (Propose(fact.block_hash, NO_ROUND),)


def _prevote(state: State, block_hash: Hash) -> Change:
    """Lines 24 and 27, 26 and 27, 30 and 33, 32 and 33, 59 and 60."""
    return replace(state, step=Step.PREVOTE), (CastVote(VoteKind.PREVOTE, block_hash),)


def _precommit_nil(state: State) -> Change:
    """Lines 45 and 46, 63 and 64."""
    return replace(state, step=Step.PRECOMMIT), (CastVote(VoteKind.PRECOMMIT, NO_HASH),)


def _new_proposal(state: State, fact: facts.NewProposal) -> Change:
    """Lines 22 to 27."""
    free = state.locked_round == NO_ROUND or state.locked_hash == fact.block_hash
    return _prevote(state, fact.block_hash if fact.acceptable and free else NO_HASH)


def _old_proposal(state: State, fact: facts.OldProposal) -> Change:
    """Lines 28 to 33: a lock gives way to a polka that is not older than it."""
    free = state.locked_round <= fact.valid_round or state.locked_hash == fact.block_hash
    return _prevote(state, fact.block_hash if fact.valid and free else NO_HASH)


def _polka_any(state: State, _fact: facts.PolkaAny) -> Change:
    """Lines 34 and 35."""
    if state.prevote_timer:
        return state, ()
    return replace(state, prevote_timer=True), (StartTimer(TimeoutKind.PREVOTE),)


def _polka_block(state: State, fact: facts.PolkaBlock) -> Change:
    """Lines 36 to 43: lock and precommit when still prevoting; remember the block as valid in any case."""
    if state.polka_seen:
        return state, ()
    outputs: Outputs = ()
    if state.step == Step.PREVOTE:
        state = replace(state, locked_hash=fact.block_hash, locked_round=state.round, step=Step.PRECOMMIT)
        outputs = (CastVote(VoteKind.PRECOMMIT, fact.block_hash),)
    return replace(state, valid_hash=fact.block_hash, valid_round=state.round, polka_seen=True), outputs


def _polka_nil(state: State, _fact: facts.PolkaNil) -> Change:
    """Lines 44 to 46."""
    return _precommit_nil(state)


def _precommit_any(state: State, _fact: facts.PrecommitAny) -> Change:
    """Lines 47 and 48."""
    if state.precommit_timer:
        return state, ()
    return replace(state, precommit_timer=True), (StartTimer(TimeoutKind.PRECOMMIT),)


def _precommit_block(state: State, fact: facts.PrecommitBlock) -> Change:
    """Lines 49 to 51. Lines 52 to 54 are the next `StartHeight`, which comes when the block is committed."""
    state = replace(state, step=Step.DECIDED, decided_hash=fact.block_hash)
    return state, (Decided(fact.round, fact.block_hash),)


def _ahead(state: State, fact: facts.Ahead) -> Change:
    """Lines 55 and 56."""
    if fact.round <= state.round:
        return state, ()
    return _start_round(state, fact.round, fact.proposing)


def _propose_elapsed(state: State, fact: facts.Elapsed) -> Change:
    """Lines 57 to 60."""
    return _prevote(state, NO_HASH) if fact.round == state.round else (state, ())


def _prevote_elapsed(state: State, fact: facts.Elapsed) -> Change:
    """Lines 61 to 64."""
    return _precommit_nil(state) if fact.round == state.round else (state, ())


def _precommit_elapsed(state: State, fact: facts.Elapsed) -> Change:
    """Lines 65 to 67."""
    if fact.round != state.round:
        return state, ()
    return _start_round(state, Round(state.round + 1), fact.proposing)


class Rule(NamedTuple):
    """One `upon` of the paper."""

    line: int  # where it stands in Algorithm 1
    steps: tuple[Step, ...]  # the steps in which it is listed
    act: Callable[[State, Any], Change]  # what it does


_WAITING = (Step.START, Step.PROPOSE, Step.PREVOTE, Step.PRECOMMIT)
_IN_ROUND = (Step.PROPOSE, Step.PREVOTE, Step.PRECOMMIT)

Heard = type[Fact] | TimeoutKind
"""What a rule is listed under: a fact's class, or the kind of timeout that elapsed."""

RULES: dict[Heard, Rule] = {
    facts.Begin: Rule(10, (Step.START,), _begin),
    facts.ValueBuilt: Rule(18, (Step.PROPOSE,), _value_built),
    facts.NewProposal: Rule(22, (Step.PROPOSE,), _new_proposal),
    facts.OldProposal: Rule(28, (Step.PROPOSE,), _old_proposal),
    facts.PolkaAny: Rule(34, (Step.PREVOTE,), _polka_any),
    facts.PolkaBlock: Rule(36, (Step.PREVOTE, Step.PRECOMMIT), _polka_block),
    facts.PolkaNil: Rule(44, (Step.PREVOTE,), _polka_nil),
    facts.PrecommitAny: Rule(47, _IN_ROUND, _precommit_any),
    facts.PrecommitBlock: Rule(49, _WAITING, _precommit_block),
    facts.Ahead: Rule(55, _WAITING, _ahead),
    TimeoutKind.PROPOSE: Rule(57, (Step.PROPOSE,), _propose_elapsed),
    TimeoutKind.PREVOTE: Rule(61, (Step.PREVOTE,), _prevote_elapsed),
    TimeoutKind.PRECOMMIT: Rule(65, _IN_ROUND, _precommit_elapsed),
}
"""The step table: what is heard, in which steps, what is done."""


def apply(state: State, fact: Fact) -> Change:
    """The state after `fact`, and what the process says. The same state and nothing, where the table lists nothing."""
    rule = RULES.get(fact.kind if isinstance(fact, facts.Elapsed) else type(fact))
    if rule is None or state.step not in rule.steps:
        return state, ()
    return rule.act(state, fact)
