"""One height: events go in, knowledge grows, facts drive the machine, effects come out.

The driver is the same for a validator and for a listener; a listener's machine votes too, but nothing is signed. Effects are
without `Persist`: the engine writes the log, because it alone knows whether an event is new or replayed.
"""

from __future__ import annotations

from dataclasses import replace

from gridnode.chain.commit import Commit
from gridnode.chain.genesis import ChainParams
from gridnode.chain.vote import VoteKind
from gridnode.consensus import facts, resend
from gridnode.consensus.effects import (
    CancelTimeouts,
    Decide,
    Effect,
    Evidence,
    GetValue,
    ObtainBlock,
    Rebroadcast,
    ScheduleTimeout,
    Send,
    SignProposal,
    SignVote,
    TellSummary,
)
from gridnode.consensus.exchange import Exchange
from gridnode.consensus.facts import Fact, Output
from gridnode.consensus.inputs import (
    BlockBuilt,
    BlockKnown,
    CommitReceived,
    Event,
    ProposalReceived,
    StartHeight,
    SummaryReceived,
    TimeoutElapsed,
    TimeoutKind,
    VoteReceived,
    WorkAvailable,
)
from gridnode.consensus.knowledge import Knowledge, Reason, Verdict, Wanted
from gridnode.consensus.machine import State, Step, apply
from gridnode.consensus.mux import facts_now
from gridnode.consensus.timeouts import timeout_ms
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.units import Round


class HeightDriver:
    """Consensus on one height."""

    def __init__(self, params: ChainParams, start: StartHeight, me: Address | None) -> None:
        self.height = start.height
        self.me = me if start.may_sign and me is not None and start.validators.get(me) else None
        self.known = Knowledge(start.height, start.validators, start.proposers)
        self.state = State()
        self.times_resent = 0
        self._params = params
        self._asked: dict[tuple[Hash, Round, Reason], None] = {}
        self._resending = False
        self._effects: list[Effect] = []

    def start(self) -> list[Effect]:
        """The timeouts that lead to round 0."""
        self._schedule(TimeoutKind.INTERVAL, Round(0))
        self._schedule(TimeoutKind.HEARTBEAT, Round(0))
        return self._taken()

    def handle(self, event: Event) -> tuple[bool, list[Effect]]:
        """Take an event of this height. Returns whether it told anything new (and so belongs in the log), and the effects.

        Raises InvariantBroken when a quorum has finalised a block that this node finds invalid.
        """
        if isinstance(event, TimeoutElapsed) and event.kind is TimeoutKind.RESEND:
            self._resend()
            return False, self._taken()
        new = self._learn(event) and self.state.step is not Step.DECIDED
        if new:
            self._settle()
        return new, self._taken()

    def answer(self, told: SummaryReceived) -> list[Effect]:
        """What the peer lacks of this height, and a summary in return when it has what is missing here."""
        exchange = Exchange(self.known)
        messages = exchange.answer(self.state, told.summary)
        effects: list[Effect] = [Send(told.peer, messages)] if messages else []
        if not told.summary.answers and exchange.lacks(self.state, told.summary):
            effects.append(TellSummary(exchange.summary(self.state, answers=True), told.peer))
        return effects

    def commit(self) -> Commit | None:
        """The proof of what was decided, with all precommits heard so far; None before the decision."""
        decided = self.known.decided() if self.state.step is Step.DECIDED else None
        if decided is None:
            return None
        counted = self.known.votes.commit(self.height, *decided)
        whole = self.known.commit or counted
        both = zip(counted.signatures, whole.signatures, strict=True)
        return replace(counted, signatures=tuple(mine or theirs for mine, theirs in both))

    def wanted(self) -> dict[Hash, Wanted]:
        """Blocks whose verdict is needed to go on, by hash."""
        return self.known.wanted(self.state.round, self.state.step > Step.PROPOSE)

    def needed(self) -> frozenset[Hash]:
        """Blocks that may still be proposed, decided or given to others: locked, valid, decided, of this round and the one before."""
        state, decided = self.state, self.known.decided()
        late = [proposal.block_hash for round_, proposal in self.known.proposals.items() if round_ >= state.round - 1]
        return frozenset(late + [state.locked_hash, state.valid_hash] + ([decided[1]] if decided else []))

    def _learn(self, event: Event) -> bool:
        """Take in what an event says. Whether it told anything new."""
        known = self.known
        match event:
            case VoteReceived(vote):
                heard = known.hear_vote(vote, self.state.round)
                if heard.contradicts is not None:
                    self._effects.append(Evidence(heard.contradicts, vote))
                return heard.counted
            case ProposalReceived(proposal):
                kept, contradicted = known.hear_proposal(proposal, self.state.round)
                if contradicted is not None:
                    self._effects.append(Evidence(contradicted, proposal))
                return kept
            case BlockKnown(_, block_hash, valid, timely, _):
                return known.learn(block_hash, Verdict(valid, timely))
            case BlockBuilt(_, round_, block_hash, _):
                learnt = known.learn(block_hash, Verdict(valid=True, timely=True))
                return self._tell(facts.ValueBuilt(round_, block_hash)) or learnt
            case CommitReceived(commit):
                return known.hear_commit(commit)
            case WorkAvailable():
                news = not known.has_work and self.state.step is Step.START
                known.has_work = True
                return news
            case _:
                return self._elapsed(event)

    def _elapsed(self, event: TimeoutElapsed) -> bool:
        if event.kind is TimeoutKind.INTERVAL:
            self.known.interval_over = True
            return self.state.step is Step.START
        if event.kind is TimeoutKind.HEARTBEAT:
            self.known.heartbeat_over = True
            return self.state.step is Step.START
        next_is_mine = self.known.proposer(Round(event.round + 1)) == self.me
        return self._tell(facts.Elapsed(event.kind, event.round, next_is_mine))

    def _settle(self) -> None:
        """Read the table of facts until none of them changes anything."""
        while any(self._tell(fact) for fact in facts_now(self.known, self.state, self.me)):
            pass
        self.known.prune(self.state.round)
        if self.state.step is Step.DECIDED:
            return
        self._obtain(again=False)
        if not self._resending and (self._asked or self.state.step is not Step.START):
            self._resending = True
            self._schedule(TimeoutKind.RESEND, Round(0))

    def _tell(self, fact: Fact) -> bool:
        """Let the machine hear a fact. Whether that changed anything."""
        state, outputs = apply(self.state, fact)
        changed = state is not self.state or bool(outputs)
        self.state = state
        for output in outputs:
            self._say(output)
        return changed

    def _say(self, output: Output) -> None:
        """Turn a wish of the machine into effects."""
        height, round_ = self.height, self.state.round
        match output:
            case facts.Build():
                self._effects.append(GetValue(height, round_))
            case facts.StartTimer(kind):
                self._schedule(kind, round_)
            case facts.Decided(decided_round, block_hash):
                commit = self.commit()
                assert commit is not None, "the machine is in DECIDED"
                self._effects += [CancelTimeouts(height), Decide(height, decided_round, block_hash, commit)]
            case facts.Propose(block_hash, valid_round):
                self._effects.append(SignProposal(height, round_, valid_round, block_hash))
                polka = self.known.votes.votes(VoteKind.PREVOTE, valid_round, block_hash)
                if polka:
                    self._effects.append(Rebroadcast(tuple(polka)))
            case _:
                if self.me is not None:
                    self._effects.append(SignVote(output.kind, height, round_, output.block_hash))

    def _schedule(self, kind: TimeoutKind, round_: Round) -> None:
        after_ms = timeout_ms(self._params, kind, round_)
        self._effects.append(ScheduleTimeout(kind, self.height, round_, after_ms))

    def _obtain(self, again: bool) -> None:
        """Ask for the blocks that are wanted; those asked for already only `again`."""
        for wanted in self.wanted().values():
            asked = (wanted.block_hash, wanted.round, wanted.reason)  # each says anew who has it
            if again or asked not in self._asked:
                self._asked[asked] = None
                self._effects.append(ObtainBlock(self.height, wanted.round, wanted.block_hash, wanted.holders))

    def _resend(self) -> None:
        """Nothing is decided: say again what may have been lost, ask again for what is missing."""
        if self.state.step is Step.DECIDED:
            return
        proposals, votes = resend.own_messages(self.known, self.state, self.me)
        if self.times_resent:
            self._effects.append(TellSummary(Exchange(self.known).summary(self.state, answers=False), None))
        elif proposals or votes:
            self._effects.append(Rebroadcast((*proposals, *votes)))
        self._obtain(again=True)
        self.times_resent += 1
        self._schedule(TimeoutKind.RESEND, Round(self.times_resent))

    def _taken(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects
