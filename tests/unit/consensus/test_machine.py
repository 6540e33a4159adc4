"""Algorithm 1 of arXiv:1807.04938, line by line: each case names the lines it runs through, and no line is left without a case."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import NamedTuple

import pytest

from gridnode import consensus
from gridnode.chain.vote import NO_ROUND, VoteKind
from gridnode.consensus import facts
from gridnode.consensus.facts import Build, CastVote, Decided, Fact, Output, Propose, StartTimer
from gridnode.consensus.inputs import TimeoutKind
from gridnode.consensus.machine import RULES, State, Step, apply
from gridnode.primitives.ids import NO_HASH, Hash
from gridnode.primitives.limits import MAX_ROUND
from gridnode.primitives.units import Round
from tests.unit.consensus.setting import block

A, B = block("A"), block("B")
PROPOSE, PREVOTE, PRECOMMIT = TimeoutKind.PROPOSE, TimeoutKind.PREVOTE, TimeoutKind.PRECOMMIT


def at(step: Step, round_: int = 0, **variables: object) -> State:
    """A state in a step of a round."""
    return replace(State(), step=step, round=Round(round_), **variables)  # type: ignore[arg-type]


def locked(block_hash: Hash, round_: int, step: Step = Step.PROPOSE, now: int = 2) -> State:
    """A state that has locked a block and holds it valid since that round."""
    lock = Round(round_)
    return at(step, now, locked_hash=block_hash, locked_round=lock, valid_hash=block_hash, valid_round=lock)


def prevote(block_hash: Hash) -> CastVote:
    """The wish to prevote."""
    return CastVote(VoteKind.PREVOTE, block_hash)


def precommit(block_hash: Hash) -> CastVote:
    """The wish to precommit."""
    return CastVote(VoteKind.PRECOMMIT, block_hash)


def elapsed(kind: TimeoutKind, round_: int, proposing: bool = False) -> facts.Elapsed:
    """A timeout of a round that has elapsed."""
    return facts.Elapsed(kind, Round(round_), proposing)


class Case(NamedTuple):
    """What a rule does in one situation."""

    name: str
    lines: str  # of Algorithm 1, as ranges
    before: State
    fact: Fact
    changes: dict[str, object]  # of the state
    says: tuple[Output, ...]


START = State()
TO_PREVOTE, TO_PRECOMMIT = {"step": Step.PREVOTE}, {"step": Step.PRECOMMIT}
NEW_ROUND = {"step": Step.PROPOSE}
LOCK_A = {"step": Step.PRECOMMIT, "locked_hash": A, "locked_round": 1, "valid_hash": A, "valid_round": 1, "polka_seen": True}
VALID_A = {"valid_hash": A, "valid_round": 1, "polka_seen": True}
ONCE = {"prevote_timer": True, "polka_seen": True, "precommit_timer": True, "built": True}
FRESH = {"round": 2, "step": Step.PROPOSE} | dict.fromkeys(ONCE, False)
DONE = {"step": Step.DECIDED, "decided_hash": A}

# fmt: off
CASES = (
    Case("start, another proposes", "10-14 20-21",
         START, facts.Begin(False), NEW_ROUND | {"round": 0}, (StartTimer(PROPOSE),)),
    Case("start, I propose a new block", "10-15 17-18",
         START, facts.Begin(True), NEW_ROUND | {"round": 0}, (StartTimer(PROPOSE), Build())),
    Case("the new block is built", "18-19",
         at(Step.PROPOSE), facts.ValueBuilt(Round(0), A), {"built": True}, (Propose(A, NO_ROUND),)),
    Case("it is built too late", "18",
         at(Step.PROPOSE, 1), facts.ValueBuilt(Round(0), A), {}, ()),
    Case("it is built twice", "18",
         at(Step.PROPOSE, 0, built=True), facts.ValueBuilt(Round(0), B), {}, ()),
    Case("I propose the valid block again", "11-16 19",
         locked(A, 1, Step.PRECOMMIT), elapsed(PRECOMMIT, 2, True), NEW_ROUND | {"round": 3}, (StartTimer(PROPOSE), Propose(A, Round(1)))),
    Case("new proposal, nothing locked", "22-24 27",
         at(Step.PROPOSE), facts.NewProposal(A, True), TO_PREVOTE, (prevote(A),)),
    Case("new proposal, the same locked", "22-24 27",
         locked(A, 0), facts.NewProposal(A, True), TO_PREVOTE, (prevote(A),)),
    Case("new proposal, another locked", "22-23 25-27",
         locked(B, 0), facts.NewProposal(A, True), TO_PREVOTE, (prevote(NO_HASH),)),
    Case("new proposal, not valid", "22-23 25-27",
         at(Step.PROPOSE), facts.NewProposal(A, False), TO_PREVOTE, (prevote(NO_HASH),)),
    Case("old proposal, nothing locked", "28-30 33",
         at(Step.PROPOSE, 2), facts.OldProposal(A, Round(0), True), TO_PREVOTE, (prevote(A),)),
    Case("old proposal, its polka is later than my lock", "28-30 33",
         locked(B, 0), facts.OldProposal(A, Round(1), True), TO_PREVOTE, (prevote(A),)),
    Case("old proposal, its polka is of my lock's round", "28-30 33",
         locked(B, 1), facts.OldProposal(A, Round(1), True), TO_PREVOTE, (prevote(A),)),
    Case("old proposal, the same locked later", "28-30 33",
         locked(A, 1), facts.OldProposal(A, Round(0), True), TO_PREVOTE, (prevote(A),)),
    Case("old proposal, another locked later", "28-29 31-33",
         locked(B, 1), facts.OldProposal(A, Round(0), True), TO_PREVOTE, (prevote(NO_HASH),)),
    Case("old proposal, not valid", "28-29 31-33",
         at(Step.PROPOSE, 2), facts.OldProposal(A, Round(1), False), TO_PREVOTE, (prevote(NO_HASH),)),
    Case("mixed prevotes, first time", "34-35",
         at(Step.PREVOTE), facts.PolkaAny(), {"prevote_timer": True}, (StartTimer(PREVOTE),)),
    Case("mixed prevotes, again", "34",
         at(Step.PREVOTE, prevote_timer=True), facts.PolkaAny(), {}, ()),
    Case("polka while prevoting", "36-43",
         at(Step.PREVOTE, 1), facts.PolkaBlock(A), LOCK_A, (precommit(A),)),
    Case("polka moves the lock", "36-43",
         locked(B, 0, Step.PREVOTE, 1), facts.PolkaBlock(A), LOCK_A, (precommit(A),)),
    Case("polka after precommit", "36-37 42-43",
         at(Step.PRECOMMIT, 1), facts.PolkaBlock(A), VALID_A, ()),
    Case("polka after precommit keeps the lock", "36-37 42-43",
         locked(B, 0, Step.PRECOMMIT, 1), facts.PolkaBlock(A), VALID_A, ()),
    Case("polka, again", "36",
         at(Step.PRECOMMIT, 1, polka_seen=True), facts.PolkaBlock(A), {}, ()),
    Case("polka for nil", "44-46",
         at(Step.PREVOTE), facts.PolkaNil(), TO_PRECOMMIT, (precommit(NO_HASH),)),
    Case("polka for nil keeps the lock", "44-46",
         locked(B, 0, Step.PREVOTE), facts.PolkaNil(), TO_PRECOMMIT, (precommit(NO_HASH),)),
    Case("mixed precommits, first time", "47-48",
         at(Step.PRECOMMIT), facts.PrecommitAny(), {"precommit_timer": True}, (StartTimer(PRECOMMIT),)),
    Case("mixed precommits while proposing", "47-48",
         at(Step.PROPOSE), facts.PrecommitAny(), {"precommit_timer": True}, (StartTimer(PRECOMMIT),)),
    Case("mixed precommits, again", "47",
         at(Step.PRECOMMIT, precommit_timer=True), facts.PrecommitAny(), {}, ()),
    Case("decision in this round", "49-51",
         at(Step.PRECOMMIT), facts.PrecommitBlock(Round(0), A), DONE, (Decided(Round(0), A),)),
    Case("decision of an earlier round", "49-51",
         locked(B, 1), facts.PrecommitBlock(Round(0), A), DONE, (Decided(Round(0), A),)),
    Case("decision before the start", "49-51",
         START, facts.PrecommitBlock(Round(3), A), DONE, (Decided(Round(3), A),)),
    Case("others are rounds ahead", "55-56",
         at(Step.PREVOTE, 1), facts.Ahead(Round(5), False), NEW_ROUND | {"round": 5}, (StartTimer(PROPOSE),)),
    Case("others are ahead and I propose", "55-56",
         at(Step.PREVOTE, 1), facts.Ahead(Round(5), True), NEW_ROUND | {"round": 5}, (StartTimer(PROPOSE), Build())),
    Case("others have started", "55-56",
         START, facts.Ahead(Round(0), False), NEW_ROUND | {"round": 0}, (StartTimer(PROPOSE),)),
    Case("others are where I am", "55",
         at(Step.PREVOTE, 5), facts.Ahead(Round(5), False), {}, ()),
    Case("no proposal", "57-60",
         at(Step.PROPOSE, 1), elapsed(PROPOSE, 1), TO_PREVOTE, (prevote(NO_HASH),)),
    Case("no proposal, in another round", "57-58",
         at(Step.PROPOSE, 1), elapsed(PROPOSE, 0), {}, ()),
    Case("prevotes stay mixed", "61-64",
         at(Step.PREVOTE, 1), elapsed(PREVOTE, 1), TO_PRECOMMIT, (precommit(NO_HASH),)),
    Case("prevotes stay mixed, in another round", "61-62",
         at(Step.PREVOTE, 1), elapsed(PREVOTE, 0), {}, ()),
    Case("precommits stay mixed", "65-67",
         at(Step.PRECOMMIT, 1), elapsed(PRECOMMIT, 1), NEW_ROUND | {"round": 2}, (StartTimer(PROPOSE),)),
    Case("precommits stay mixed, in any step", "65-67",
         at(Step.PROPOSE, 1), elapsed(PRECOMMIT, 1), NEW_ROUND | {"round": 2}, (StartTimer(PROPOSE),)),
    Case("precommits stay mixed, in another round", "65-66",
         at(Step.PRECOMMIT, 1), elapsed(PRECOMMIT, 0), {}, ()),
    Case("a new round forgets what happened once a round", "11-13",
         at(Step.PRECOMMIT, 1, **ONCE), elapsed(PRECOMMIT, 1), FRESH, (StartTimer(PROPOSE),)),
    Case("rounds end", "65-66",
         at(Step.PRECOMMIT, MAX_ROUND), elapsed(PRECOMMIT, MAX_ROUND), {}, ()),
)
# fmt: on

UPON = {10, 22, 28, 34, 36, 44, 47, 49, 55, 57, 61, 65}
"""Lines of Algorithm 1 that begin a rule or a function that a timeout calls; 18 is where a rule waits for a block to be built."""

IN_DATA = {*range(1, 10), 52, 53, 54}
"""Lines 1 to 9 are the defaults of `State`, tested below; 52 to 54 are the engine's next height (test_engine.py)."""


def numbers(lines: str) -> set[int]:
    """The line numbers of ranges such as `10-14 20`."""
    found: set[int] = set()
    for part in lines.split():
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"L{case.lines.replace(' ', ',')} {case.name}")
def test_line(case: Case) -> None:
    after, said = apply(case.before, case.fact)
    assert after == replace(case.before, **case.changes)  # type: ignore[arg-type]
    assert said == case.says


def test_every_line_has_a_case() -> None:
    covered = set().union(*(numbers(case.lines) for case in CASES))
    assert covered | IN_DATA == set(range(1, 68))


def test_every_upon_rule_is_in_the_table() -> None:
    assert {rule.line for rule in RULES.values()} - {18} == UPON
    begun = {min(numbers(case.lines)) for case in CASES if case.changes}
    assert begun >= UPON


def test_initial_state_is_lines_1_to_9() -> None:
    assert State() == at(Step.START, -1, locked_round=-1, valid_round=-1, locked_hash=b"", valid_hash=b"", decided_hash=b"")


def test_a_pair_that_is_not_listed_does_nothing() -> None:
    heard: list[Fact] = [
        facts.Begin(True),
        facts.ValueBuilt(Round(1), A),
        facts.NewProposal(A, True),
        facts.OldProposal(A, Round(0), True),
        facts.PolkaAny(),
        facts.PolkaBlock(A),
        facts.PolkaNil(),
        facts.PrecommitAny(),
        facts.PrecommitBlock(Round(1), A),
        facts.Ahead(Round(2), True),
        *(elapsed(kind, 1, True) for kind in TimeoutKind),
    ]
    for step, fact in itertools.product(Step, heard):
        rule = RULES.get(fact.kind if isinstance(fact, facts.Elapsed) else type(fact))
        state = at(step, 1)
        changed = apply(state, fact) != (state, ())
        assert changed is (rule is not None and step in rule.steps), (step, fact)


def test_chapter_shows_the_table() -> None:
    shown = re.findall(r"^    (\d\d)    (\w+)(?: elapsed)? +((?:[A-Z]+ ?)+)$", consensus.__doc__ or "", re.MULTILINE)
    table = [
        (str(rule.line), heard.name if isinstance(heard, TimeoutKind) else heard.__name__, tuple(step.name for step in rule.steps))
        for heard, rule in RULES.items()
    ]
    assert [(line, heard, tuple(steps.split())) for line, heard, steps in shown] == table
