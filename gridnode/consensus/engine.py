"""The engine: consensus over all heights, as the node sees it. Inputs in, effects out, nothing else.

One driver runs the height at hand. The engine adds what lies between heights: messages that come early or late, the log, the last
commit, and the replay of the log after a crash.
"""

from __future__ import annotations

from collections.abc import Iterable

from gridnode.chain.commit import Commit
from gridnode.chain.genesis import ChainParams
from gridnode.chain.vote import Proposal, Vote
from gridnode.consensus import outstanding
from gridnode.consensus.ahead import Ahead
from gridnode.consensus.driver import HeightDriver
from gridnode.consensus.effects import Behind, CancelTimeouts, Effect, Persist, Send, SignProposal, SignVote
from gridnode.consensus.inputs import (
    Event,
    Input,
    ProposalReceived,
    StartHeight,
    SummaryReceived,
    VoteReceived,
    height_of,
)
from gridnode.consensus.journal import entry_of, event_of
from gridnode.consensus.machine import Step
from gridnode.consensus.report import Report, report_of
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.units import Height, Round


class Engine:
    """Consensus of one node. `me` is its validator address; None for a node that only listens."""

    def __init__(self, params: ChainParams, me: Address | None) -> None:
        self._params = params
        self._me = me
        self._driver: HeightDriver | None = None
        self._last_commit: Commit | None = None
        self._ahead = Ahead()

    @property
    def height(self) -> Height:
        """The height at hand; 0 before the first StartHeight."""
        return self._driver.height if self._driver else Height(0)

    @property
    def round(self) -> Round:
        """The round at hand; -1 while the height waits for work or its heartbeat."""
        return self._driver.state.round if self._driver else Round(-1)

    @property
    def step(self) -> Step:
        """The step at hand."""
        return self._driver.state.step if self._driver else Step.START

    @property
    def signs(self) -> bool:
        """Whether this node votes on the height at hand."""
        return self._driver is not None and self._driver.me is not None

    def proposed(self, round_: int) -> Hash | None:
        """Hash of the block that a proposal of this height names for a round; None while none has come."""
        proposal = self._driver.known.proposals.get(Round(round_)) if self._driver else None
        return None if proposal is None else proposal.block_hash

    def wants(self, height: int, block_hash: Hash) -> bool:
        """Whether this block's verdict would change anything now: the height is at hand, and `Knowledge.wanted` names it."""
        driver = self._driver
        return driver is not None and driver.height == height and block_hash in driver.wanted()

    def needed(self) -> frozenset[Hash]:
        """Blocks of the height at hand that may still be proposed, decided or given to others."""
        return self._driver.needed() if self._driver else frozenset()

    def report(self) -> Report | None:
        """Where the height at hand stands, for operators; None before the first StartHeight."""
        return None if self._driver is None else report_of(self._driver)

    def handle(self, event: Input) -> list[Effect]:
        """Take an input; returns what is to be done, in order.

        Raises InvariantBroken when StartHeight goes back, or a quorum has finalised a block that this node finds invalid.
        """
        if isinstance(event, StartHeight):
            return self._start(event)
        if isinstance(event, SummaryReceived):
            return self._answer(event)
        driver, height = self._driver, height_of(event)
        if driver is None or height < driver.height:
            return []
        if height > driver.height:
            return self._hear_early(driver, event)
        new, effects = driver.handle(event)
        if not new or driver.me is None:
            return effects
        sync = any(isinstance(effect, SignVote | SignProposal) for effect in effects)
        return [Persist(entry_of(event), sync), *effects]

    def restore(
        self, start: StartHeight, entries: Iterable[bytes], last_signed: Vote | Proposal | None = None
    ) -> list[Effect]:
        """Instead of the first StartHeight after a restart: start the height and replay its log.

        `entries` are the log's, in order; those of other heights are passed over. Nothing is signed twice: what was signed is in
        the log, or is asked of the guard again, which remembers. `last_signed` is what the guard remembers: when the replay
        does not lead to it, the log has lost something, a lock perhaps, and the node only listens at this height. Returns what is
        still to be done. Raises Malformed for an entry that no engine wrote.
        """
        driver = self._begin(start)
        effects = driver.start()
        events = [event for event in map(event_of, entries) if height_of(event) == driver.height]
        for event in events:
            effects += driver.handle(event)[1]
        if last_signed is not None and not outstanding.leads_to(last_signed, driver, effects):
            driver.me = None
        return outstanding.after_replay(driver, events, effects)

    def commit_of(self, height: int) -> Commit | None:
        """What to answer to a message of `height`: the fullest commit known, for the height just decided and the one before.

        None for any other; commits of older heights are in the blocks above them.
        """
        commit = self._driver.commit() if self._driver else None
        for candidate in (commit, self._last_commit):
            if candidate is not None and candidate.height == height:
                return candidate
        return None

    def _start(self, start: StartHeight) -> list[Effect]:
        previous = self._driver
        if previous is not None and start.height <= previous.height:
            raise InvariantBroken("heights_ascend", f"height {start.height} was started after {previous.height}")
        effects: list[Effect] = []
        if previous is not None:
            self._last_commit = previous.commit()
            if previous.state.step is not Step.DECIDED:
                effects.append(CancelTimeouts(previous.height))
        effects += self._begin(start).start()
        for early in self._ahead.take(start.height):
            effects += self.handle(early)
        return effects

    def _answer(self, told: SummaryReceived) -> list[Effect]:
        driver, height = self._driver, told.summary.height
        commit = self.commit_of(height)
        if commit is not None:
            return [Send(told.peer, (commit,))]
        if driver is None or height != driver.height or told.summary.step == Step.DECIDED:
            return []
        return driver.answer(told)

    def _begin(self, start: StartHeight) -> HeightDriver:
        self._driver = HeightDriver(self._params, start, self._me)
        return self._driver

    def _hear_early(self, driver: HeightDriver, event: Event) -> list[Effect]:
        if not isinstance(event, ProposalReceived | VoteReceived):
            return []
        reached = self._ahead.hear(event, driver.height, driver.known.validators)
        return [] if reached is None else [Behind(reached)]
