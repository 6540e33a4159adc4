"""Bugs to be found: each breaks one rule of consensus, of durability or of checking while it lasts, and nothing else.

What is patched is the node's own code at the place where the mistake would be made; the simulation and its checkers are as they always are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final

from gridnode.chain.validators import ValidatorSet
from gridnode.chain.vote import Vote, VoteKind
from gridnode.codec.records import encode
from gridnode.consensus import facts, machine, mux
from gridnode.consensus.driver import HeightDriver
from gridnode.consensus.effects import ObtainBlock
from gridnode.consensus.engine import Engine
from gridnode.consensus.facts import OldProposal
from gridnode.consensus.inputs import BlockKnown, StartHeight, TimeoutKind
from gridnode.consensus.knowledge import Knowledge
from gridnode.consensus.machine import RULES, Rule, State
from gridnode.consensus.tally import Added, Tally
from gridnode.consensus.votes import VoteKeeper
from gridnode.node import block_sync, judging
from gridnode.node.candidates import Complete
from gridnode.node.ingress import Ingress
from gridnode.node.judging import Judging
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import NO_HASH
from gridnode.primitives.units import Round
from gridnode.storage import sign_guard
from gridnode.storage.files import Files
from gridnode.storage.wal import Wal


@contextmanager
def instead(owner: Any, name: str, stand_in: Any) -> Iterator[None]:
    """While this lasts, `owner.name` is something else."""
    original = getattr(owner, name)
    setattr(owner, name, stand_in)
    try:
        yield
    finally:
        setattr(owner, name, original)


@contextmanager
def rule(heard: Any, act: Callable[[State, Any], Any]) -> Iterator[None]:
    """While this lasts, a rule of the machine does something else."""
    original = RULES[heard]
    RULES[heard] = Rule(original.line, original.steps, act)
    try:
        yield
    finally:
        RULES[heard] = original


def no_lock() -> Any:
    """Line 23 forgets to ask what we are locked on."""

    def new_proposal(state: State, fact: facts.NewProposal) -> Any:
        return machine._prevote(state, fact.block_hash if fact.acceptable else NO_HASH)

    return rule(facts.NewProposal, new_proposal)


def unlock_too_early() -> Any:
    """Line 29 takes any polka, also one that is older than the lock."""

    def old_proposal(state: State, fact: facts.OldProposal) -> Any:
        return machine._prevote(state, fact.block_hash if fact.valid else NO_HASH)

    return rule(facts.OldProposal, old_proposal)


def old_polka_unseen() -> Any:
    """Line 28 believes the proposer that there was a polka."""

    def proposal(known: Knowledge, state: State, me: Any) -> Any:
        told = known.proposals.get(state.round)
        verdict = known.verdicts.get(told.block_hash) if told else None
        if told is None or verdict is None or told.valid_round < 0:
            return mux._proposal(known, state, me)
        return OldProposal(told.block_hash, told.valid_round, verdict.valid)

    rows = tuple(proposal if row is mux._proposal else row for row in mux.ROWS)
    return instead(mux, "ROWS", rows)


def no_valid_value() -> Any:
    """Lines 42 and 43 are missing: nobody proposes again what had a polka."""
    original = RULES[facts.PolkaBlock].act

    def polka_block(state: State, fact: facts.PolkaBlock) -> Any:
        after, outputs = original(state, fact)
        if after is state:
            return state, outputs
        return replace(after, valid_hash=state.valid_hash, valid_round=state.valid_round), outputs

    return rule(facts.PolkaBlock, polka_block)


def two_f_votes() -> Any:
    """A quorum is 2f, not 2f + 1."""
    original = VoteKeeper.__init__

    def init(self: VoteKeeper, validators: ValidatorSet) -> None:
        original(self, validators)
        self.quorum_power = max(1, self.quorum_power - 1)

    return instead(VoteKeeper, "__init__", init)


def counted_twice() -> Any:
    """A vote that comes again is counted again."""
    original = Tally.add

    def add(self: Tally, vote: Vote, power: int) -> Added:
        added = original(self, vote, power)
        if added is Added.KNOWN:
            self.power_of[vote.block_hash] += power
            if self.power_of[vote.block_hash] >= self._quorum_power and self.quorum is None:
                self.quorum = vote.block_hash
        return added

    return instead(Tally, "add", add)


def skip_on_one_message() -> Any:
    """Line 55 needs a single message of a later round, not f + 1."""
    original = VoteKeeper.__init__

    def init(self: VoteKeeper, validators: ValidatorSet) -> None:
        original(self, validators)
        self.skip_power = 1

    return instead(VoteKeeper, "__init__", init)


def precommit_on_any_polka() -> Any:
    """Line 36 takes 2f + 1 prevotes for whatever as if they were for the proposal."""

    def polka_block(known: Knowledge, state: State, me: Any) -> Any:
        proposal = known.proposals.get(state.round)
        mixed = known.votes.any_quorum(VoteKind.PREVOTE, state.round)
        if proposal is not None and mixed and known.is_valid(proposal.block_hash):
            return facts.PolkaBlock(proposal.block_hash)
        return mux._polka_block(known, state, me)

    rows = tuple(polka_block if row is mux._polka_block else row for row in mux.ROWS)
    return instead(mux, "ROWS", rows)


def log_forgotten() -> Any:
    """A restart does not read the log."""
    return instead(Wal, "entries", lambda self: [])


def log_not_synced() -> Any:
    """The log is written and not synced before a signature."""
    original = Wal.append
    return instead(Wal, "append", lambda self, entry, sync: original(self, entry, False))


def replay_left_out() -> Any:
    """A restart begins the height anew, and trusts the guard to prevent the worst."""

    def restore(self: Engine, start: StartHeight, entries: Any, last_signed: Any = None) -> Any:
        return Engine.handle(self, start)

    return instead(Engine, "restore", restore)


def signed_before_recorded() -> Any:
    """The guard signs, and writes its record with the next signature."""
    pending: dict[int, tuple[Any, ...]] = {}
    original = sign_guard._write

    def write(files: Files, path: Any, body: bytes) -> None:
        late = pending.get(id(files))
        pending[id(files)] = (files, path, body)
        if late is not None:
            original(*late)

    return instead(sign_guard, "_write", write)


def guard_not_durable() -> Any:
    """The guard's record is renamed and its folder not synced: a power cut may bring the old one back."""

    def write(files: Files, path: Any, body: bytes) -> None:
        beside = path.with_suffix(".new")
        try:
            file = files.overwrite(beside)
            file.write(body + sign_guard._CHECK.hash(body))
            files.rename(beside, path)
        except OSError as error:
            raise OperatorError(str(error)) from None

    return instead(sign_guard, "_write", write)


@contextmanager
def guard_forgets() -> Iterator[None]:
    """After a restart neither guard nor log remember."""
    with ExitStack() as stack:
        stack.enter_context(instead(sign_guard, "_read", lambda files, path: None))
        stack.enter_context(log_forgotten())
        yield


def never_executed() -> Any:
    """A block is voted for as soon as it is whole; whether it is valid is not asked."""

    async def judge(self: Judging, effect: ObtainBlock, complete: Complete) -> None:
        known = BlockKnown(effect.height, effect.block_hash, True, True, encode(complete.block))
        self._world.offer(known)

    return instead(Judging, "_judge", judge)


def sync_without_quorum() -> Any:
    """Block sync takes a block whatever its commit is."""
    return instead(block_sync, "check_commit", lambda *_: None)


@contextmanager
def anybody_proposes() -> Iterator[None]:
    """Whose turn it is to propose is not checked, neither at the door nor in consensus."""
    original = Knowledge.hear_proposal

    def hear(self: Knowledge, proposal: Any, current: Round) -> Any:
        if proposal.proposer != self.proposer(proposal.round) and proposal.round not in self.proposals:
            self.votes.hear_proposal(proposal.proposer, proposal.round, current)
            self.proposals[proposal.round] = proposal
            return True, None
        return original(self, proposal, current)

    with instead(Ingress, "_check_proposal", lambda self, proposal: True), instead(Knowledge, "hear_proposal", hear):
        yield


def never_gives_up() -> Any:
    """Line 57 is missing: who hears no proposal waits for ever."""
    return rule(machine.TimeoutKind.PROPOSE, lambda state, fact: (state, ()))


def never_skips() -> Any:
    """Line 65 is missing: a round without a decision never ends."""
    return rule(machine.TimeoutKind.PRECOMMIT, lambda state, fact: (state, ()))


def says_it_once() -> Any:
    """Nothing is sent again."""


    def resend(self: HeightDriver) -> None:
        self._obtain(again=True)
        self._schedule(TimeoutKind.RESEND, Round(0))

    return instead(HeightDriver, "_resend", resend)


def any_time() -> Any:
    """What time a block has is not asked."""
    return instead(judging, "is_timely", lambda *_: True)


BUGS: Final[dict[str, Callable[[], Any]]] = {
    bug.__name__: bug
    for bug in (
        no_lock,
        unlock_too_early,
        old_polka_unseen,
        no_valid_value,
        two_f_votes,
        counted_twice,
        skip_on_one_message,
        precommit_on_any_polka,
        log_forgotten,
        log_not_synced,
        replay_left_out,
        signed_before_recorded,
        guard_not_durable,
        guard_forgets,
        never_executed,
        sync_without_quorum,
        anybody_proposes,
        never_gives_up,
        never_skips,
        says_it_once,
        any_time,
    )
}
"""Every bug by name."""
