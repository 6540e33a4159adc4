"""A propose timeout bounds what others take. A node that has the block and is slow to execute it votes late, and for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from gridnode.chain.block import header_hash
from gridnode.chain.vote import NO_ROUND, Proposal, Vote, VoteKind
from gridnode.codec.records import encode
from gridnode.consensus import effects as fx
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import (
    BlockKnown,
    Input,
    ProposalReceived,
    TimeoutElapsed,
    TimeoutKind,
    VoteReceived,
)
from gridnode.consensus.timeouts import timeout_ms
from gridnode.execution.executed import Executed
from gridnode.mempool.pool import Pool
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.node.candidates import Candidates, Complete, compact_of
from gridnode.node.evidence_pool import EvidencePool
from gridnode.node.fetch import FETCH_TIMEOUT_MS
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.perform import Performer
from gridnode.node.verifier import Verifier
from gridnode.primitives.ids import NO_HASH, Address, Hash, Signature
from gridnode.primitives.units import Height, Round
from gridnode.signer.signs import OwnKey
from gridnode.storage.first_guard import guard_above
from gridnode.storage.sign_guard import SignGuard
from gridnode.storage.wal import Wal
from gridnode.sync.messages import TransactionsAnswer
from tests.chain_in_memory import CHAIN, PARAMS, START_MS, MemoryChain, account, keys_of
from tests.unit.node.peers_in_memory import Peers, silent
from tests.unit.operations.chains import opened

NAMES = ("egat", "mea", "pea")


@dataclass
class Slow:
    """One validator at height 1, and a block proposed by another: `hears` lets things happen to it, `votes` is what it has said.

    Its world: inputs in order, tasks of the test's nursery, and a clock that only the test moves.
    """

    store: LedgerStore
    nursery: trio.Nursery
    folder: Path
    has_transactions: bool = True
    inbox: list[Input] = field(default_factory=list)
    said: list[Vote] = field(default_factory=list)
    behind: list[int] = field(default_factory=list)
    verdicts: list[BlockKnown] = field(default_factory=list)
    scheduled: list[fx.ScheduleTimeout] = field(default_factory=list)
    clock_ms: int = START_MS + 1_000
    monotonic: int = 7_000

    def __post_init__(self) -> None:
        self.proposer, self.next_proposer = self.store.proposers[0], self.store.proposers[1]
        me = next(name for name in NAMES if account(f"{name}-node") not in (self.proposer, self.next_proposer))
        self.me = account(f"{me}-node")
        guard_above(self.folder / "guard", CHAIN, keys_of(f"{me}-node"), 0)
        signer = OwnKey(SignGuard(self.folder / "guard", CHAIN, keys_of(f"{me}-node")))
        self.pool, self.peers, wal = Pool(), Peers(), Wal(self.folder / "wal")
        wal.prune(Height(1))
        peer_of = {self.proposer: b"proposer", self.next_proposer: b"next"}
        self.peers.answers = dict.fromkeys(peer_of.values(), silent)
        self.candidates = Candidates(self.pool, Verifier(), self.peers)
        self.performer = Performer(
            Engine(PARAMS, account(f"{me}-node")), self.store, self.pool, self.candidates, signer, wal, self._says, peer_of,
            _nobody, self.behind.append, EvidencePool(self.store, _nobody), self,
        )  # fmt: skip

    def _says(self, message: Any, to: bytes | None = None) -> None:
        if isinstance(message, Vote):
            self.said.append(message)

    # The performer's world

    def offer(self, event: Any) -> None:
        self.inbox.append(event)

    def schedule(self, timeout: fx.ScheduleTimeout) -> None:
        """Kept; the test says what elapses."""
        self.scheduled.append(timeout)

    def cancel(self, height: int) -> None:
        """Nothing is scheduled."""

    def spawn(self, run: Callable[[fx.ObtainBlock], Awaitable[None]], effect: fx.ObtainBlock) -> None:
        self.nursery.start_soon(run, effect)

    def now_ms(self) -> int:
        return self.clock_ms

    def monotonic_ms(self) -> int:
        return self.monotonic

    # What happens

    async def hears(self, *events: Input) -> None:
        """Take these in and all that comes of them, until everything waits for something."""
        self.inbox += events
        await trio.testing.wait_all_tasks_blocked()
        while self.inbox:
            event = self.inbox.pop(0)
            if isinstance(event, BlockKnown):
                self.verdicts.append(event)
            await self.performer.handle(event)
            await trio.testing.wait_all_tasks_blocked()

    async def waits(self, ms: int) -> None:
        """So much time passes for whoever waits for peers."""
        await trio.sleep(ms / 1_000 + 0.001)
        await trio.testing.wait_all_tasks_blocked()

    async def hears_proposal(self, executed: Executed, round_: int = 0) -> None:
        """The proposal of a block comes; of what it holds, the pool has everything or nothing."""
        complete = Complete(executed.block, executed.transactions)
        if self.has_transactions:
            for transaction in executed.transactions:
                if transaction.id not in self.pool:
                    self.pool.add(transaction)
        self.candidates.proposed(executed.block_hash, compact_of(complete), executed.block.header.proposer)
        by = (self.proposer, self.next_proposer)[round_]
        proposal = Proposal(Height(1), Round(round_), NO_ROUND, executed.block_hash, by, Signature(bytes(64)))
        await self.hears(ProposalReceived(proposal))

    def propose_ms(self) -> dict[int, int]:
        """How long it waits for a proposal, by round."""
        return {timeout.round: timeout.after_ms for timeout in self.scheduled if timeout.kind is TimeoutKind.PROPOSE}

    @property
    def prevotes(self) -> list[Hash]:
        """What it has prevoted for, in order."""
        return [vote.block_hash for vote in self.said if vote.kind is VoteKind.PREVOTE]


def _nobody(_: Any) -> None:
    """Nobody listens."""


def elapsed(kind: TimeoutKind, round_: int = 0) -> TimeoutElapsed:
    return TimeoutElapsed(kind, Height(1), Round(round_))


def vote(by: Address, round_: int, kind: VoteKind = VoteKind.PREVOTE, block_hash: Hash = NO_HASH) -> Vote:
    """A vote, for nil unless told; who checks its signature stands before consensus."""
    return Vote(kind, Height(1), Round(round_), block_hash, by, Signature(bytes(64)))


def block(proposer: Address, pays: int = 1) -> Executed:
    """The first block of the chain, with one transfer."""
    made = MemoryChain()
    pay = made.transaction("alice", Transfer(account("bob"), Denomination.THB, pays))
    name = next(name for name in NAMES if account(f"{name}-node") == proposer)
    return made.build([pay], proposer=name)


def running(folder: Path, scene: Callable[[Slow], Awaitable[None]], **how: Any) -> None:
    """Play a scene with a validator that has begun round 0."""

    async def play() -> None:
        with opened(folder) as store:
            async with trio.open_nursery() as nursery:
                node = Slow(store, nursery, folder, **how)
                await node.hears(store.start(), elapsed(TimeoutKind.HEARTBEAT))
                await scene(node)
                nursery.cancel_scope.cancel()

    trio.run(play, clock=MockClock(autojump_threshold=0.01))


def test_it_votes_for_a_block_that_takes_longer_than_the_timeout(tmp_path: Path) -> None:
    async def scene(node: Slow) -> None:
        executed = block(node.proposer)
        async with node.store.lock:
            await node.hears_proposal(executed)
            await node.hears(elapsed(TimeoutKind.PROPOSE))
            assert node.prevotes == [], "what is left is its own work"
        await node.hears()
        assert node.prevotes == [executed.block_hash]

    running(tmp_path, scene)


def test_its_time_is_judged_as_the_block_came(tmp_path: Path) -> None:
    """The clock is an hour further when it has been executed."""

    async def scene(node: Slow) -> None:
        executed = block(node.proposer)
        async with node.store.lock:
            await node.hears_proposal(executed)
            node.clock_ms += 3_600_000
        await node.hears()
        assert node.prevotes == [executed.block_hash]

    running(tmp_path, scene)


def test_a_block_that_is_too_old_when_it_comes_is_refused(tmp_path: Path) -> None:
    async def scene(node: Slow) -> None:
        node.clock_ms += 3_600_000
        await node.hears_proposal(block(node.proposer))
        assert node.prevotes == [NO_HASH]

    running(tmp_path, scene)


def test_it_waits_for_no_proposal_beyond_the_timeout(tmp_path: Path) -> None:
    async def scene(node: Slow) -> None:
        await node.hears(elapsed(TimeoutKind.PROPOSE))
        assert node.prevotes == [NO_HASH]

    running(tmp_path, scene)


def test_it_waits_for_no_transactions_beyond_the_timeout(tmp_path: Path) -> None:
    """A proposer that names what it does not give would hold up everybody."""

    async def scene(node: Slow) -> None:
        await node.hears_proposal(block(node.proposer))
        assert node.prevotes == []
        await node.hears(elapsed(TimeoutKind.PROPOSE))
        assert node.prevotes == [NO_HASH]

    running(tmp_path, scene, has_transactions=False)


def test_a_block_that_is_whole_after_nil_is_executed_only_for_a_polka(tmp_path: Path) -> None:
    """Its proposer gave the last transaction after the timeout: that would cost everybody the beginning of the next round."""

    async def scene(node: Slow) -> None:
        executed = block(node.proposer)
        await node.hears_proposal(executed)
        await node.hears(elapsed(TimeoutKind.PROPOSE))
        node.pool.add(executed.transactions[0])
        await node.waits(FETCH_TIMEOUT_MS)
        await node.hears(elapsed(TimeoutKind.RESEND))
        assert node.verdicts == [], "nobody asks for it"

    running(tmp_path, scene, has_transactions=False)


def test_others_who_have_it_are_asked_when_the_proposer_does_not_give_it(tmp_path: Path) -> None:
    """They were named while it was asked."""

    async def scene(node: Slow) -> None:
        executed = block(node.proposer)
        raws = tuple(one.raw for one in executed.transactions)
        node.peers.answers[b"next"] = lambda kind, payload: encode(TransactionsAnswer(raws, 0))
        await node.hears_proposal(executed)
        effect = fx.ObtainBlock(Height(1), Round(0), executed.block_hash, (node.next_proposer,))
        node.performer.judging.obtain(effect)
        await node.waits(FETCH_TIMEOUT_MS)
        await node.hears()
        assert node.prevotes == [executed.block_hash]
        assert [peer for peer, _ in node.peers.asked] == [b"proposer", b"next"]

    running(tmp_path, scene, has_transactions=False)


def test_what_nobody_could_get_here_is_not_proposed(tmp_path: Path) -> None:
    """Nor heard and prevoted by the node itself."""

    async def scene(node: Slow) -> None:
        lost = fx.SignProposal(Height(1), Round(0), NO_ROUND, Hash(b"\x07" * 32))
        await node.performer._perform(lost)
        assert node.inbox == []

    running(tmp_path, scene)


def test_a_decided_block_that_was_dropped_is_left_to_sync(tmp_path: Path) -> None:
    async def scene(node: Slow) -> None:
        executed = block(node.proposer)
        await node.hears_proposal(executed)
        node.candidates._complete.clear()
        by = (node.proposer, node.next_proposer, node.me)
        await node.hears(*(VoteReceived(vote(one, 0, VoteKind.PRECOMMIT, executed.block_hash)) for one in by))
        assert node.behind == [1]
        assert node.store.height == 0

    running(tmp_path, scene)


def test_the_log_does_not_grow_by_blocks_that_are_refused_for_their_time(tmp_path: Path) -> None:
    """Where clocks differ each round has another one."""

    async def scene(node: Slow) -> None:
        node.clock_ms += 3_600_000
        await node.hears_proposal(block(node.proposer))
        assert [(known.valid, known.timely, known.block) for known in node.verdicts] == [(True, False, b"")]

    running(tmp_path, scene)


def test_an_invalid_block_is_refused_once_after_its_timeout(tmp_path: Path) -> None:
    async def scene(node: Slow) -> None:
        made = block(node.proposer)
        header = replace(made.block.header, state_root=Hash(bytes(32)))
        wrong = replace(made, block=replace(made.block, header=header), block_hash=header_hash(header))
        async with node.store.lock:
            await node.hears_proposal(wrong)
            await node.hears(elapsed(TimeoutKind.PROPOSE))
            assert node.prevotes == []
        await node.hears()
        assert node.prevotes == [NO_HASH]
        refusal = node.performer.judging.take_refusal()
        assert refusal is not None
        assert "state_root" in refusal.reason
        assert node.performer.judging.take_refusal() is None, "each is told once"

    running(tmp_path, scene)


def test_a_timeout_of_a_round_that_was_left_says_nothing_in_the_next(tmp_path: Path) -> None:
    """While it executes, the others go on to round 1, and their proposal waits for the same ledger."""

    async def scene(node: Slow) -> None:
        first, second = block(node.proposer), block(node.next_proposer, pays=2)
        async with node.store.lock:
            await node.hears_proposal(first)
            await node.hears(elapsed(TimeoutKind.PROPOSE))
            others = [vote(by, 1) for by in (node.proposer, node.next_proposer)]
            await node.hears(*(VoteReceived(one) for one in others))
            await node.hears_proposal(second, round_=1)
            await node.hears(elapsed(TimeoutKind.PROPOSE, 1))
            assert node.prevotes == []
        await node.hears()
        assert node.prevotes == [second.block_hash]
        assert [one.round for one in node.said if one.kind is VoteKind.PREVOTE] == [1]

    running(tmp_path, scene)


def test_a_late_timeout_of_an_earlier_round_takes_no_place_of_this_rounds(tmp_path: Path) -> None:
    """The same block is proposed again, with a polka that is not here: after the verdict the round still ends."""

    async def scene(node: Slow) -> None:
        executed = block(node.proposer)
        again = Proposal(Height(1), Round(1), Round(0), executed.block_hash, node.next_proposer, Signature(bytes(64)))
        async with node.store.lock:
            await node.hears_proposal(executed)
            await node.hears(*(VoteReceived(vote(by, 1)) for by in (node.proposer, node.next_proposer)), ProposalReceived(again))
            await node.hears(elapsed(TimeoutKind.PROPOSE, 1), elapsed(TimeoutKind.PROPOSE, 0))
            assert node.prevotes == []
        await node.hears()
        assert [(one.round, one.block_hash) for one in node.said if one.kind is VoteKind.PREVOTE] == [(1, NO_HASH)]

    running(tmp_path, scene)


@pytest.mark.parametrize(("took_ms", "longer_ms"), [(0, 0), (700, 700), (600_000, PARAMS.timeout_cap_ms)])
def test_a_proposer_has_as_much_more_time_as_the_last_block_took(tmp_path: Path, took_ms: int, longer_ms: int) -> None:
    """Up to the cap, and nothing else waits longer."""

    async def scene(node: Slow) -> None:
        async with node.store.lock:
            await node.hears_proposal(block(node.proposer))
            node.monotonic += took_ms
        await node.hears(*(VoteReceived(vote(by, 1)) for by in (node.proposer, node.next_proposer)))
        first, second = PARAMS.propose_timeout_ms, PARAMS.propose_timeout_ms + PARAMS.timeout_step_ms
        assert node.propose_ms() == {0: first, 1: min(second + longer_ms, PARAMS.timeout_cap_ms)}
        precommits = [vote(by, 1, VoteKind.PRECOMMIT) for by in (node.proposer, node.next_proposer)]
        await node.hears(elapsed(TimeoutKind.PROPOSE, 1), *(VoteReceived(one) for one in precommits))
        last = node.scheduled[-1]
        assert (last.kind, last.after_ms) == (TimeoutKind.PRECOMMIT, timeout_ms(PARAMS, TimeoutKind.PRECOMMIT, 1))

    running(tmp_path, scene)
