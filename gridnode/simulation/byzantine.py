"""Validators that lie. Each runs the honest node, guard and all; what they do besides is done around it, with the bare key.

So a liar keeps up with the chain, answers requests, and its lies come where they hurt: in step with everybody else. Two machines with one
key are twins: each believes that it is the only one. What they sign together no guard prevents.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, Final

from gridnode.chain.block import Header, header_hash
from gridnode.chain.commit import Commit
from gridnode.chain.transaction import VerifiedTransaction
from gridnode.chain.vote import NO_ROUND, Proposal, Vote, VoteKind, proposal_hash, vote_hash
from gridnode.codec.records import decode, encode
from gridnode.consensus.inputs import Input, ProposalReceived, VoteReceived
from gridnode.consensus.summary import Summary
from gridnode.execution.executed import Executed
from gridnode.execution.validation import BlockInvalid
from gridnode.mempool.pool import Pool
from gridnode.node.candidates import Complete, compact_of
from gridnode.node.wire import RequestKind, to_wire
from gridnode.primitives.ids import NO_HASH, Hash, Signature
from gridnode.primitives.limits import MAX_ROUND
from gridnode.primitives.units import Height, Round, TimeMs
from gridnode.simulation.accountability import Record
from gridnode.simulation.electorate import Electorates
from gridnode.simulation.links import Station
from gridnode.simulation.lying_summary import lying_summary
from gridnode.simulation.machine import Machine
from gridnode.simulation.plan import Lie
from gridnode.simulation.setting import CHAIN_ID
from gridnode.sync.messages import BlockAnswer, BlockRequest, FinalBlock, ProposedBlock, Status

EVERYBODY: Final = -1
"""A bit for each machine."""


class Liar(Machine):
    """A machine whose validator lies."""

    def __init__(self, *parts: Any, lies: tuple[Lie, ...]) -> None:
        """`parts` as of a machine."""
        super().__init__(*parts)
        self.is_honest = False
        self._lies = dict.fromkeys(lies)
        self._electorates = Electorates(self._chain.genesis)
        self._heard = Record(self._electorates)
        self._proposed: dict[tuple[int, int], dict[Hash, None]] = {}

    def _does(self, lie: Lie, percent: int = 60) -> bool:
        return lie in self._lies and self.random.randrange(100) < percent

    # Around the engine

    def hears(self, event: Input) -> None:
        """Remember what is proposed; forget what one is locked on."""
        super().hears(event)
        if isinstance(event, VoteReceived):
            self._heard.add(event.vote)
        if isinstance(event, ProposalReceived):
            proposal = event.proposal
            self._proposed.setdefault((proposal.height, proposal.round), {})[proposal.block_hash] = None
            if self._does(Lie.SUMMARY, 30) and self.node is not None:
                height, round_ = self.node.engine.height, self.node.engine.round
                self._links.flood(self, to_wire(lying_summary(self.random, height, round_)))
        if Lie.AMNESIA in self._lies and self.node is not None:
            self.node.engine.forget_lock()
            if self._does(Lie.AMNESIA, 1):
                self.clock.soon(self._forget)

    def _forget(self) -> None:
        """Start again, with a disk that has lost log and guard."""
        if self.node is not None:
            self.stop()
            self.disk.forget()
            self.clock.at(self.random.randint(20, 500), self._start_again)

    def _start_again(self) -> None:
        if self.life is None:
            self.start()

    def stored(self, executed: Executed) -> None:
        """Propose first, whoever's turn it is."""
        super().stored(executed)
        self._electorates.add(executed)
        if self._does(Lie.USURP) and self.life is not None:
            self.life.at(1, lambda: self._spawn(self._usurp()))

    def speak(self, message: ProposedBlock | Vote | Commit | Summary, to: bytes | None = None) -> None:
        """Say what the honest node says, and something else."""
        if to is not None:
            super().speak(message, to)
        elif isinstance(message, Vote) and message.validator == self.address:
            self._vote(message)
        elif isinstance(message, ProposedBlock) and message.proposal.proposer == self.address:
            self._propose(message)
        else:
            super().speak(message)

    def broadcast(self, payload: bytes) -> None:
        """Claim a height that is not."""
        node = self.node
        if node is not None and self._does(Lie.FORGE, 30):
            height = Height(node.store.height + self.random.randint(1, 40))
            payload = to_wire(Status(node.store.genesis_hash, height, node.store.tip_hash))
        super().broadcast(payload)

    async def answer(self, peer: bytes, kind: int, payload: bytes) -> bytes:
        """Answer with a block that nobody but this validator has signed."""
        if kind == RequestKind.BLOCKS and self._does(Lie.FORGE):
            forged = await self._forged(decode(BlockRequest, payload))
            if forged is not None:
                return encode(BlockAnswer((forged,)))
        return await super().answer(peer, kind, payload)

    # Votes

    def _vote(self, vote: Vote) -> None:
        if self._does(Lie.FAR_ROUNDS, 30):
            ahead = self.random.choice((1, 2, 7, 1_000, MAX_ROUND))
            self._say(self._signed(vote, Round(min(MAX_ROUND, vote.round + ahead)), vote.block_hash), EVERYBODY)
        if self._does(Lie.SPLIT, 90):
            one = self._one() if vote.kind is VoteKind.PREVOTE else 0
            proposed = self._proposed.get((vote.height, vote.round), {})
            self._say(self._signed(vote, vote.round, next(iter(proposed), vote.block_hash)), one)
            self._say(self._signed(vote, vote.round, NO_HASH), ~one)
        elif self._does(Lie.EQUIVOCATE):
            others = [NO_HASH, *self._proposed.get((vote.height, vote.round), ())]
            other = self.random.choice(others)
            some = self._some()
            self._say(self._signed(vote, vote.round, other), some)
            self._say(vote, self.random.choice((~some, EVERYBODY)))
        elif self._does(Lie.WITHHOLD):
            self._say(vote, self._some())
        else:
            super().speak(vote)

    def _signed(self, vote: Vote, round_: Round, block_hash: Hash) -> Vote:
        signed = vote_hash(CHAIN_ID, vote.kind, vote.height, round_, block_hash)
        return Vote(vote.kind, vote.height, round_, block_hash, self.address, self.keys.sign(signed))

    # Proposals

    def _propose(self, proposed: ProposedBlock) -> None:
        if proposed.proposal.valid_round == NO_ROUND and self._does(Lie.BAD_BLOCK):
            self._say(self._spoilt(proposed), EVERYBODY)
            return
        stale = self._stale(proposed) if self._does(Lie.STALE, 80) else None
        if stale is not None:
            self._say(stale, EVERYBODY)
        elif self._does(Lie.SPLIT):
            self._say(proposed, ~self._one())
        elif self._does(Lie.EQUIVOCATE):
            some = self._some()
            self._say(proposed, some)
            self._spawn(self._propose_another(proposed.proposal, ~some))
        elif self._does(Lie.WITHHOLD):
            self._say(proposed, self._some())
        else:
            super().speak(proposed)

    def _spoilt(self, proposed: ProposedBlock) -> ProposedBlock:
        """The block with something in its header that does not hold."""
        header = proposed.block.header
        wrong: tuple[Header, ...] = (
            replace(header, state_root=Hash(bytes(32))),
            replace(header, receipts_root=Hash(bytes(32))),
            replace(header, time_ms=TimeMs(1)),
            replace(header, time_ms=TimeMs(header.time_ms + 3_600_000)),
            replace(header, previous_hash=Hash(bytes(32))),
            replace(header, transaction_count=header.transaction_count + 1),
        )
        compact = replace(proposed.block, header=self.random.choice(wrong))
        block_hash = header_hash(compact.header)
        if self.node is not None:
            self.node.candidates.proposed(block_hash, compact, self.address)
        return ProposedBlock(self._proposal(proposed.proposal, block_hash), compact)

    def _stale(self, proposed: ProposedBlock) -> ProposedBlock | None:
        """A block of the height, and a true or false claim that it got a polka in an earlier round; None in round 0."""
        like = proposed.proposal
        if not like.round or self.node is None:
            return None
        earlier = [(r, told) for r in range(like.round) for told in self._proposed.get((like.height, r), ())]
        polkas = [(r, told) for r, told in earlier if self._heard.is_polka(like.height, r, told)]
        claims = polkas or [(self.random.randrange(like.round), told) for _, told in [(0, like.block_hash), *earlier]]
        if self.random.randrange(4):
            claimed, block_hash = Round(claims[0][0]), claims[0][1]  # the oldest: most are locked on a later one
        else:
            claimed, block_hash = Round(self.random.randrange(like.round)), self.random.choice(claims)[1]
        compact = self.node.candidates.compact(block_hash)
        if compact is None:
            return None
        return ProposedBlock(self._proposal(like, block_hash, claimed), compact)

    def _proposal(self, like: Proposal, block_hash: Hash, valid_round: Round = NO_ROUND) -> Proposal:
        signed = proposal_hash(CHAIN_ID, like.height, like.round, valid_round, block_hash)
        return Proposal(like.height, like.round, valid_round, block_hash, self.address, self.keys.sign(signed))

    async def _propose_another(self, first: Proposal, to: int) -> None:
        built = await self._built(first.height)
        if built is not None:
            self._say(ProposedBlock(self._proposal(first, built.block_hash), self._kept(built)), to)

    async def _usurp(self) -> None:
        if self.node is None:
            return
        height = self.node.store.next_height
        built = await self._built(height)
        if built is not None:
            like = Proposal(height, Round(0), NO_ROUND, built.block_hash, self.address, Signature(b""))
            self._say(ProposedBlock(self._proposal(like, built.block_hash), self._kept(built)), EVERYBODY)

    # Blocks

    async def _built(self, height: int) -> Executed | None:
        """A valid block that the honest node has not built, empty; None when the height is over."""
        if self.node is None:
            return None
        store = self.node.store
        async with store.lock:
            if store.next_height != height:
                return None
            try:
                return await store.build(Pool(), self.wall_ms() + self.random.randint(1, 500), self.address)
            except BlockInvalid:
                return None

    def _kept(self, built: Executed) -> Any:
        """The block as it is proposed; from now on it is handed out to whoever asks."""
        complete = Complete(built.block, tuple(VerifiedTransaction(item) for item in built.transactions))
        if self.node is not None:
            self.node.candidates.proposed(built.block_hash, compact_of(complete), self.address)
        return compact_of(complete)

    async def _forged(self, request: BlockRequest) -> FinalBlock | None:
        built = await self._built(request.first)
        if built is None or self.node is None:
            return None
        members = self.node.store.validators.members
        mine = self.keys.sign(vote_hash(CHAIN_ID, VoteKind.PRECOMMIT, request.first, 0, built.block_hash))
        signatures = tuple(mine if member.address == self.address else Signature(b"") for member in members)
        return FinalBlock(built.block, Commit(request.first, Round(0), built.block_hash, signatures))

    # Telling some

    def _one(self) -> int:
        """One of the others."""
        return 1 << self.random.choice([other.number for other in self._links.others(self)] or [0])

    def _some(self) -> int:
        """Some of the others: a bit for each machine's number; the complement is the rest."""
        return self.random.getrandbits(32)

    def _say(self, message: ProposedBlock | Vote, to: int) -> None:
        """Send to those whose bit is set in `to`."""
        self._watch.speaks(self, message)

        def only(other: Station) -> bool:
            return bool(to >> other.number & 1)

        self._links.flood(self, to_wire(message), only)

    def _spawn(self, task: Coroutine[Any, Any, None]) -> None:
        if self.life is None:
            task.close()
        else:
            self.life.spawn(task)
