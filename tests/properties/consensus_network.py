"""A seeded network of engines in memory: virtual time, loss, delay, repetition, reordering, crashes, faulty validators.

Each honest node performs the engine's effects as the real node does: a log of which only the synced part surely survives a crash,
the sign guard's own rule (`judge`), a block store. Faulty nodes sign what they like. Checks are made as things happen: agreement,
validity, no double signing by an honest node, locks that hold, commits that hold, evidence against the faulty only.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from hashlib import sha256
from random import Random

from gridnode.chain.commit import Commit
from gridnode.chain.vote import NO_ROUND, Proposal, Vote, VoteKind
from gridnode.consensus import effects as fx
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import (
    BlockBuilt,
    BlockKnown,
    CommitReceived,
    Input,
    ProposalReceived,
    StartHeight,
    SummaryReceived,
    TimeoutElapsed,
    VoteReceived,
    WorkAvailable,
)
from gridnode.consensus.summary import Summary
from gridnode.primitives.ids import Address, Hash, Signature
from gridnode.primitives.units import Height, Round
from gridnode.storage.sign_guard import LastSigned, Refused, SignStep, Wish, judge
from tests.properties.consensus_nodes import SECLUDED_MS, Faults, Node
from tests.unit.consensus.setting import CHAIN, PARAMS, signature_of, start, validators

Message = Proposal | Vote | Commit | Summary


class Network:
    """Runs nodes against each other. Raises AssertionError as soon as a promise of consensus is broken."""

    def __init__(self, seed: int, powers: list[int], faulty: set[int], faults: Faults) -> None:
        self.random = Random(seed)
        self.faults = faults
        self.validators = validators(powers)
        self.nodes = [Node(index, index in faulty) for index in range(len(powers))]
        self.now_ms = 0
        self.decided: dict[int, Hash] = {}
        self.signed: dict[tuple[Address, int, int, SignStep], bytes] = {}
        self.evidence: set[Address] = set()
        self.built: dict[Hash, bytes] = {}
        self.most_rounds = 0
        self.listening = 0
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._inputs: list[tuple[Node, int, Input]] = []
        self._proposed: dict[tuple[int, int], list[Hash]] = {}
        self._locks: dict[tuple[Address, int], tuple[int, Hash]] = {}
        self._prevoters: dict[tuple[int, int, Hash], set[Address]] = {}
        self._down: set[tuple[int, int]] = set()
        self._fate: dict[tuple[int, Message], tuple[int, int]] = {}
        self._weather()
        for node in self.nodes:
            self.start(node)
        self.at(100, self._chaos)

    @property
    def honest(self) -> list[Node]:
        """The nodes that follow the rules."""
        return [node for node in self.nodes if not node.faulty]

    @property
    def healed(self) -> bool:
        """Whether the network is good."""
        return self.now_ms >= self.faults.heal_ms

    def at(self, after_ms: int, action: Callable[[], None]) -> None:
        """Do something later."""
        self._count += 1
        heapq.heappush(self._queue, (self.now_ms + after_ms, self._count, action))

    def run(self, until_ms: int, height: int = 10**9) -> None:
        """Run until the time has come or every honest node has committed `height`."""
        while self._queue and self.now_ms < until_ms and not all(len(n.chain) >= height for n in self.honest):
            self.now_ms, _, action = heapq.heappop(self._queue)
            action()
            while self._inputs:
                node, life, event = self._inputs.pop(0)
                if node.life == life and node.engine is not None:
                    self.feed(node, event)

    # What nodes do

    def start(self, node: Node) -> None:
        """Start a node: a new engine, its log replayed."""
        node.life += 1
        node.engine = Engine(PARAMS, node.address)
        height = Height(len(node.chain) + 1)
        effects = node.engine.restore(start(height, self.validators), node.log, node.last_said)
        self.listening += not node.engine.signs
        self.perform(node, effects)
        self.queue(node, WorkAvailable(height))

    def crash(self, node: Node) -> None:
        """Stop a node at once; entries that were not synced may be lost from the end."""
        node.engine = None
        node.life += 1
        kept = 0 if node.index == self.faults.forgetful else node.synced
        node.log = node.log[: self.random.randint(kept, len(node.log))]
        node.synced = len(node.log)
        node.blocks = {}

    def queue(self, node: Node, event: Input) -> None:
        """An input for a node, handled after what it does now."""
        self._inputs.append((node, node.life, event))

    def feed(self, node: Node, event: Input) -> None:
        """Let a node's engine handle an input."""
        assert node.engine is not None
        engine = node.engine
        self.perform(node, engine.handle(event))
        self.most_rounds = max(self.most_rounds, engine.round)

    def perform(self, node: Node, effects: list[fx.Effect]) -> None:
        """Perform effects in order; a crash may come between any two of them."""
        life = node.life
        for effect in effects:
            if node.life != life:
                return
            crash = self.faults.crash_percent and not node.faulty and not self.healed
            if crash and self.random.randrange(4_000) < self.faults.crash_percent:
                self.crash(node)
                self.at(self.random.randint(50, 1_500), lambda: self.start(node))
                return
            self._perform(node, effect)

    def _perform(self, node: Node, effect: fx.Effect) -> None:
        match effect:
            case fx.Persist(entry, sync):
                node.log.append(entry)
                node.synced = len(node.log) if sync else node.synced
            case fx.GetValue(height, round_):
                self._build(node, height, round_)
            case fx.ObtainBlock():
                self._obtain(node, effect)
            case fx.RestoreBlock(_, block_hash, block):
                node.blocks[block_hash] = block
            case fx.SignVote() | fx.SignProposal():
                self._sign(node, effect)
            case fx.Rebroadcast() | fx.Send() | fx.TellSummary():
                self._send(node, effect)
            case fx.ScheduleTimeout(kind, height, round_, after_ms):
                elapsed = TimeoutElapsed(kind, height, round_)
                life = node.life
                self.at(after_ms, lambda: self._inputs.append((node, life, elapsed)))
            case fx.Decide():
                self._commit(node, effect.commit)
                self.queue(node, self._next(node))
                self.queue(node, WorkAvailable(Height(len(node.chain) + 1)))
            case fx.Evidence(first, _):
                accused = first.proposer if isinstance(first, Proposal) else first.validator
                assert accused in [other.address for other in self.nodes if other.faulty], "only the faulty are accused"
                self.evidence.add(accused)
            case fx.Behind(height):
                self._catch_up(node, height)
            case fx.CancelTimeouts():
                pass

    def _send(self, node: Node, effect: fx.Rebroadcast | fx.Send | fx.TellSummary) -> None:
        messages = (effect.summary,) if isinstance(effect, fx.TellSummary) else effect.messages
        to = None if isinstance(effect, fx.Rebroadcast) else effect.to
        for message in messages:
            if to is None:
                self.broadcast(node, message)
            else:
                self.send(node, self.nodes[to[0]], message)

    def _build(self, node: Node, height: int, round_: Round) -> None:
        if self.random.randrange(20) == 0:
            return  # the builder failed
        block = f"{height} {round_} {node.index} {self.random.getrandbits(32)}".encode()
        block_hash = Hash(sha256(block).digest())
        self.built[block_hash] = node.blocks[block_hash] = block
        self.queue(node, BlockBuilt(Height(height), round_, block_hash, block))

    def _obtain(self, node: Node, wish: fx.ObtainBlock) -> None:
        have = [other for other in self.nodes if other.engine and wish.block_hash in other.blocks | other.stored]
        holders = [other for other in have if other.address in wish.holders]
        if not holders or self._lost():
            return
        holder = self.random.choice(holders)
        block = (holder.blocks | holder.stored)[wish.block_hash]
        life = node.life

        def answer() -> None:
            if node.life == life:
                valid = not block.startswith(b"bad")
                if valid:
                    node.blocks[wish.block_hash] = block
                known = BlockKnown(wish.height, wish.block_hash, valid, True, block if valid else b"")
                self.queue(node, known)

        self.at(self._delay(), answer)

    def _next(self, node: Node) -> StartHeight:
        node.log, node.synced = [], 0
        node.blocks = {}
        return start(len(node.chain) + 1, self.validators)

    def _commit(self, node: Node, commit: Commit) -> None:
        height = len(node.chain) + 1
        assert commit.height == height
        if not node.faulty:
            assert self.decided.setdefault(height, commit.block_hash) == commit.block_hash, "agreement"
            assert self.built.get(commit.block_hash, b"bad").startswith(b"bad") is False, "validity"
        power = sum(
            member.power
            for member, signature in zip(self.validators.members, commit.signatures, strict=True)
            if signature
        )
        assert self.validators.is_quorum(power), "a commit holds"
        assert commit.block_hash in node.blocks or node.faulty, "the node has what it decides"
        node.stored[commit.block_hash] = node.blocks.get(commit.block_hash, b"bad")
        node.chain.append(commit)

    def _catch_up(self, node: Node, height: int) -> None:
        """Block sync: everything a peer has, when more than a block is missing."""
        best = max((other for other in self.honest if other.engine), key=lambda other: len(other.chain), default=node)
        if height <= len(node.chain) + 2 or len(best.chain) <= len(node.chain) + 1:
            return
        node.chain += best.chain[len(node.chain) :]
        node.stored |= best.stored
        self.queue(node, self._next(node))

    # Signing

    def _sign(self, node: Node, wish: fx.SignVote | fx.SignProposal) -> None:
        if node.faulty:
            self._sign_anything(node, wish)
            return
        step = SignStep.PROPOSAL
        if isinstance(wish, fx.SignVote):
            step = SignStep.PREVOTE if wish.kind is VoteKind.PREVOTE else SignStep.PRECOMMIT
        valid_round = wish.valid_round if isinstance(wish, fx.SignProposal) else NO_ROUND
        content = sha256(f"{wish.height} {wish.round} {step} {valid_round}".encode() + wish.block_hash).digest()
        verdict = judge(node.guard, Wish(wish.height, wish.round, step, content))
        if isinstance(verdict, Refused):
            return
        signature = verdict or signature_of(node.address, content)
        node.guard = LastSigned(
            CHAIN, wish.height, wish.round, step, valid_round, wish.block_hash, Hash(content), signature
        )
        key = (node.address, wish.height, wish.round, step)
        assert self.signed.setdefault(key, content) == content, "an honest node signs once"
        if isinstance(wish, fx.SignVote) and wish.block_hash:
            self._check_lock(node, wish)
        node.last_said = self._message(node, wish, signature)
        self._say(node, node.last_said)

    def _check_lock(self, node: Node, wish: fx.SignVote) -> None:
        """A prevote against one's own precommit needs a polka since (lines 23 and 29): the lemma that agreement rests on."""
        lock_round, lock_hash = self._locks.get((node.address, wish.height), (-1, wish.block_hash))
        if wish.kind is VoteKind.PRECOMMIT:
            self._locks[node.address, wish.height] = (wish.round, wish.block_hash)
        elif lock_hash != wish.block_hash:
            since = [self._prevoters.get((wish.height, r, wish.block_hash), set()) for r in range(lock_round, wish.round)]
            power = max(sum(m.power for m in self.validators.members if m.address in voters) for voters in since)
            assert self.validators.is_quorum(power), "a lock holds"

    def _message(self, node: Node, wish: fx.SignVote | fx.SignProposal, signature: Signature) -> Proposal | Vote:
        if isinstance(wish, fx.SignVote):
            if wish.kind is VoteKind.PREVOTE:
                self._prevoters.setdefault((wish.height, wish.round, wish.block_hash), set()).add(node.address)
            return Vote(wish.kind, wish.height, wish.round, wish.block_hash, node.address, signature)
        return Proposal(wish.height, wish.round, wish.valid_round, wish.block_hash, node.address, signature)

    def _say(self, node: Node, message: Proposal | Vote) -> None:
        if isinstance(message, Proposal):
            self._proposed.setdefault((message.height, message.round), []).append(message.block_hash)
        self.broadcast(node, message)
        self.queue(node, received(message))

    def _sign_anything(self, node: Node, wish: fx.SignVote | fx.SignProposal) -> None:
        """A faulty node: proposes two blocks, votes for all that were proposed, tells each peer something else."""
        at = (wish.height, wish.round)
        if isinstance(wish, fx.SignProposal):
            block = f"{self.random.choice(('bad', 'two', 'two'))} {at} {node.index}".encode()
            second = Hash(sha256(block).digest())
            self.built[second] = node.blocks[second] = block
            self._proposed.setdefault(at, []).append(second)
            wishes = [wish, fx.SignProposal(wish.height, wish.round, NO_ROUND, second)]
        else:
            hashes = dict.fromkeys((wish.block_hash, *self._proposed.get(at, ())))
            wishes = [fx.SignVote(wish.kind, wish.height, wish.round, block_hash) for block_hash in hashes]
        said = [
            self._message(node, one, signature_of(node.address, one.block_hash + bytes([index])))
            for index, one in enumerate(wishes)
        ]
        for peer in self.nodes:
            for message in said if peer is not node else ():
                if self.random.randrange(100) < 70:
                    self.send(node, peer, message)
        self.queue(node, received(said[0]))

    # Messages

    def broadcast(self, node: Node, message: Message) -> None:
        """Send to all others."""
        for peer in self.nodes:
            if peer is not node:
                self.send(node, peer, message)

    def send(self, node: Node, peer: Node, message: Message) -> None:
        """Send to one; may be lost, late, or come twice."""
        if self._lost() or (node.index, peer.index) in self._down or self._secluded(peer, message):
            return
        twice = not self.healed and self.random.randrange(100) < self.faults.twice_percent
        for _ in range(2 if twice else 1):
            self.at(self._delay(), lambda: self._deliver(node, peer, message))

    def _deliver(self, node: Node, peer: Node, message: Message) -> None:
        if peer.engine is None:
            return
        if isinstance(message, Summary):
            self.queue(peer, SummaryReceived(bytes([node.index]), message))
        else:
            self.queue(peer, received(message))
        if isinstance(message, Summary) and message.height < peer.engine.height:
            commit = peer.engine.commit_of(message.height) or peer.chain[message.height - 1]
            self.send(peer, node, commit)

    def _secluded(self, peer: Node, message: Message) -> bool:
        if self.healed or not self.faults.secluded_percent:
            return False
        if isinstance(message, Commit):
            return True
        drawn, since = self._fate.setdefault((peer.index, message), (self.random.randrange(100), self.now_ms))
        return drawn < self.faults.secluded_percent and self.now_ms < since + SECLUDED_MS

    def _lost(self) -> bool:
        return not self.healed and self.random.randrange(100) < self.faults.loss_percent

    def _delay(self) -> int:
        return self.random.randint(1, self.faults.delay_ms if self.healed else self.faults.bad_delay_ms)

    def _weather(self) -> None:
        """Every 300 ms until the network heals: other links are down."""
        links = [(one.index, other.index) for one in self.nodes for other in self.nodes]
        self._down = {link for link in links if self.random.randrange(100) < self.faults.link_loss_percent}
        if self.healed:
            self._down = set()
        else:
            self.at(300, self._weather)

    def _chaos(self) -> None:
        """Every 100 ms until the network heals: crash somebody, start somebody."""
        for node in self.honest:
            if not self.healed and node.engine and self.random.randrange(100) < self.faults.crash_percent:
                self.crash(node)
                self.at(self.random.randint(50, 1_500), lambda node=node: self.start(node))  # type: ignore[misc]
        if not self.healed:
            self.at(100, self._chaos)


def received(message: Proposal | Vote | Commit) -> Input:
    """The input that a message becomes."""
    if isinstance(message, Proposal):
        return ProposalReceived(message)
    return VoteReceived(message) if isinstance(message, Vote) else CommitReceived(message)
