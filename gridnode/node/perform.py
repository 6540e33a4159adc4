"""What consensus asks for is done here, in order, each ended before the next begins: persist, sign, send, build, obtain, decide.

Only blocks to be judged are not waited for (`judging`). Time, tasks and the queue of inputs are the `world`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from gridnode.chain.block import Block
from gridnode.chain.commit import Commit
from gridnode.chain.vote import Proposal, Vote
from gridnode.codec.records import decode, encode
from gridnode.consensus import effects as fx
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import (
    BlockBuilt,
    Input,
    ProposalReceived,
    StartHeight,
    TimeoutElapsed,
    VoteReceived,
    WorkAvailable,
)
from gridnode.execution.executed import Executed
from gridnode.mempool.pool import Pool
from gridnode.modules.validators.lease import lease_of
from gridnode.node.candidates import Candidates, Complete
from gridnode.node.duty import Duty
from gridnode.node.evidence_pool import EvidencePool
from gridnode.node.hearing import Hearing, Told, nobody_told
from gridnode.node.judging import Judging
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.log import Log
from gridnode.node.signing import Signing
from gridnode.node.world import Resume, SignAgain, Speaks, World
from gridnode.primitives.ids import Address
from gridnode.signer.signs import Signs
from gridnode.storage.sign_guard import message_of
from gridnode.storage.wal import Wal
from gridnode.sync.messages import ProposedBlock

_log = Log("consensus")


class Performer:
    """One engine against the ledger, the log, the key and the network."""

    def __init__(
        self,
        engine: Engine,
        store: LedgerStore,
        pool: Pool,
        candidates: Candidates,
        signer: Signs | None,
        wal: Wal,
        speak: Speaks,
        peer_of: Mapping[Address, bytes],
        on_commit: Callable[[Executed], None],
        on_behind: Callable[[int], None],
        evidence: EvidencePool,
        world: World,
        duty: Duty | None = None,
        told: Told = nobody_told,
    ) -> None:
        """`duty` says at which heights this machine signs; without it, at all that consensus lets it. `told`: what peers say of theirs."""
        self._duty = duty
        self._engine = engine
        self._store = store
        self._pool = pool
        self._candidates = candidates
        self._signer = signer
        self._signing = Signing(signer)
        self._wal = wal
        self._speak = speak
        self._peer_of = peer_of
        self._hearing = Hearing(told, peer_of)
        self._looked_at = 0  # newest height whose commit was searched for the validator's own precommit
        self._on_commit = on_commit
        self._on_behind = on_behind
        self._evidence = evidence
        self._world = world
        self._told_of_work = 0
        self.judging = Judging(engine, store, candidates, peer_of, world)
        self.height = 0  # under way; 0 before the first StartHeight

    def work_arrived(self) -> None:
        """The pool holds something: the height under way need not wait for its heartbeat."""
        if self.height and self._told_of_work != self.height:
            self._told_of_work = self.height
            self._world.offer(WorkAvailable(self._store.next_height))

    async def handle(self, event: Input | Resume | SignAgain) -> None:
        """Let the engine take an input and do what it asks for. Whatever is wrong with this node itself is raised."""
        if isinstance(event, SignAgain):
            await self._sign()
            return
        if isinstance(event, (StartHeight, Resume)):
            start = event.start if isinstance(event, Resume) else event
            if start.height != self._store.next_height or start.height <= self.height:
                return  # catch-up was faster, or the height runs already
            self.height = start.height
            self._world.cancel(start.height - 1)
            start = await self._permitted(start, isinstance(event, Resume))
            if start.height != self._store.next_height:
                return  # catch-up was faster, while a guard was asked
            self._candidates.start_height(start.height)
            event = Resume(start, event.entries) if isinstance(event, Resume) else start
        if isinstance(event, TimeoutElapsed) and self.judging.holds(event):
            return
        self._listen_for_own_key(event)
        if isinstance(event, Resume):
            effects = self._resume(event)
        else:
            effects = self._engine.handle(event)
        for effect in effects:
            await self._perform(effect)
        if self._candidates.is_crowded:
            self._candidates.drop_all_but(self._engine.needed())
        if isinstance(event, (StartHeight, Resume)) and len(self._pool):
            self.work_arrived()

    async def _permitted(self, start: StartHeight, is_resumed: bool) -> StartHeight:
        """The start of a height, with or without the right to sign."""
        if self._duty is None or not start.validators.get(self._duty.address):
            return start
        with self._store.view() as view:
            lease = lease_of(view.reader, self._duty.address)
        has_heard = self._hearing.is_enough(start.validators, self._duty.address, start.height - 1)
        signed = self._newest_signed(lease.since if lease else 1)
        may_sign = await self._duty.begin(start.height, lease, is_resumed, signed, has_heard)
        return replace(start, may_sign=start.may_sign and may_sign)

    def _newest_signed(self, since: int) -> int:
        """Newest commit from height `since` on with a precommit of the own key that its guard does not know; each is looked at once."""
        assert self._signer is not None, "who has a duty has a key"
        last = self._signer.last
        below = max(self._looked_at, since - 1, last.height if last else 0)
        self._looked_at = self._store.height
        return self._store.newest_signed_by(self._signer.address, below)

    def _listen_for_own_key(self, event: Input | Resume) -> None:
        """What has the validator's own signature must have been signed here, or by the machine whose turn it is."""
        if self._duty is None or not isinstance(event, VoteReceived | ProposalReceived):
            return
        message = event.vote if isinstance(event, VoteReceived) else event.proposal
        if _author(message) == self._duty.address:
            self._duty.hears(message)

    def _resume(self, event: Resume) -> list[fx.Effect]:
        """Replay the log. When it does not lead to what the guard signed last, locks may be lost and the node only listens."""
        last = self._signer.last if self._signer else None
        last_signed = message_of(last, self._signing.address) if last else None
        effects = self._engine.restore(event.start, event.entries, last_signed)
        if last_signed is not None and event.start.may_sign and not self._engine.signs:
            _log.warning("the consensus log of this height is lost or damaged; listening until the next", height=self.height)
        return effects

    async def _perform(self, effect: fx.Effect) -> None:
        match effect:
            case fx.Persist(entry, sync):
                self._wal.append(entry, sync)
            case fx.SignVote() | fx.SignProposal():
                await self._wish(effect)
            case fx.ScheduleTimeout():
                self._world.schedule(self.judging.stretched(effect))
            case fx.CancelTimeouts(height):
                self._world.cancel(height)
            case fx.GetValue():
                await self._build(effect)
            case fx.ObtainBlock():
                self.judging.obtain(effect)
            case fx.RestoreBlock():
                await self._restore_block(effect)
            case fx.Rebroadcast(messages):
                self._say_again(messages, None)
            case fx.Send(to, messages):
                self._say_again(messages, to)
            case fx.TellSummary(summary, to):
                self._speak(summary, to)
            case fx.Decide():
                await self._decide(effect)
            case fx.Evidence(first, second):
                _log.warning("equivocation", validator=_author(first), first=str(first), second=str(second))
                self._evidence.found(first, second)
                if self._duty is not None and _author(first) == self._duty.address:
                    self._duty.contradicted(first, second)
            case fx.Behind(height):
                self._on_behind(height)

    async def _wish(self, effect: fx.SignVote | fx.SignProposal) -> None:
        """Have it signed, unless it proposes a block that nobody could get here: one that a restart has not brought back."""
        if isinstance(effect, fx.SignProposal) and self._candidates.compact(effect.block_hash) is None:
            _log.warning("nothing is proposed: the block is not here", height=effect.height, round=effect.round, hash=effect.block_hash)
            return
        self._signing.wish(effect)
        await self._sign()

    async def _sign(self) -> None:
        """Have signed what waits for it, say it and hear it oneself. While the signer is away it goes on waiting."""
        if self._duty is not None and self._duty.alarm:
            self._signing.forget()
        async for said in self._signing.signed(self.height):
            if isinstance(said, Vote):
                self._speak(said)
                self._world.offer(VoteReceived(said))
            else:
                self._speak_proposal(said)
                self._world.offer(ProposalReceived(said))

    def _speak_proposal(self, proposal: Proposal, to: bytes | None = None) -> None:
        compact = self._candidates.compact(proposal.block_hash)
        if compact is not None:
            self._speak(ProposedBlock(proposal, compact), to)

    def _say_again(self, messages: tuple[Proposal | Vote | Commit, ...], to: bytes | None) -> None:
        for message in messages:
            if isinstance(message, Proposal):
                self._speak_proposal(message, to)
            else:
                self._speak(message, to)

    async def _build(self, effect: fx.GetValue) -> None:
        async with self._store.lock:
            if self._store.next_height != effect.height:
                return
            pending = self._evidence.pending()
            now_ms, maker, began_ms = self._world.now_ms(), self._signing.address, self._world.monotonic_ms()
            executed = await self._store.build(self._pool, now_ms, maker, pending, self._world.monotonic_ms)
            self.judging.took(began_ms)
        self._pool.remove(refused.id for refused in executed.refused)
        self._candidates.add(executed.block_hash, Complete(executed.block, executed.transactions))
        self._world.offer(BlockBuilt(effect.height, effect.round, executed.block_hash, encode(executed.block)))

    async def _restore_block(self, effect: fx.RestoreBlock) -> None:
        block = decode(Block, effect.block)
        transactions = tuple(await self._candidates.check(block.transactions))
        self._candidates.add(effect.block_hash, Complete(block, transactions))

    async def _decide(self, effect: fx.Decide) -> None:
        complete = self._candidates.get(effect.block_hash)
        if complete is None:  # not needed any more when it was dropped; those who voted for it have it, and sync brings it
            self._on_behind(effect.height)
            return
        async with self._store.lock:
            if effect.height != self._store.next_height:
                return
            executed = await self._store.execute(complete.block, complete.transactions)
            self._store.commit(executed, effect.commit)
        self._on_commit(executed)


def _author(message: Vote | Proposal) -> Address:
    return message.validator if isinstance(message, Vote) else message.proposer
