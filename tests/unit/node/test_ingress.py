"""What peers send: checked before anything hears of it; whoever sends what does not hold is to blame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from gridnode.chain.block import CompactBlock, header_hash
from gridnode.chain.evidence import Evidence, offence_of
from gridnode.chain.light_block import LightBlocks
from gridnode.chain.vote import Proposal, Vote, VoteKind, proposal_hash, vote_hash
from gridnode.codec.records import encode
from gridnode.consensus.inputs import CommitReceived, ProposalReceived, SummaryReceived, VoteReceived
from gridnode.consensus.summary import Summary
from gridnode.mempool.outbox import Outbox, TransactionBatch
from gridnode.mempool.pool import Pool
from gridnode.node.candidates import Candidates
from gridnode.node.catch_up import CatchUp
from gridnode.node.evidence_pool import EvidencePool
from gridnode.node.gossip_queue import GossipQueue
from gridnode.node.ingress import Ingress
from gridnode.node.intake import Intake
from gridnode.node.open_store import open_store
from gridnode.node.summary_gate import SummaryGate
from gridnode.node.verifier import Verifier
from gridnode.node.wire import RequestKind, to_wire
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.ids import Signature
from gridnode.primitives.limits import MAX_GOSSIP_PER_AUTHOR, MIN_SUMMARY_GAP_MS
from gridnode.sync.messages import BlockRequest, LightRequest, ProposedBlock, Status, TransactionsRequest
from tests.chain_in_memory import CHAIN, account, genesis, keys_of
from tests.unit.node.peers_in_memory import GrownChain, Peers, commit_of
from tests.validators_world import A, double_vote
from tests.validators_world import proposal as said
from tests.validators_world import vote as signed_vote

PEER = b"p" * 32
NAMES = {account(f"{name}-node"): name for name in ("egat", "mea", "pea")}


class Heard:
    """Stands for the consensus loop: keeps what it is offered."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def offer(self, event: Any) -> None:
        """Keep it."""
        self.events.append(event)

    def hear(self, _author: bytes, event: Any) -> None:
        """Keep it."""
        self.events.append(event)


class Gate:
    """An ingress on a real store at height 0."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder, genesis())
        self.pool, self.peers, self.heard = Pool(), Peers(), Heard()
        verifier = Verifier()
        self.candidates = Candidates(self.pool, verifier, self.peers)
        sync = CatchUp(self.store, self.peers, self.candidates, lambda _: None, lambda: None, {})  # type: ignore[arg-type]
        self.now_ms = 0
        self.told: list[Any] = []
        self.evidence = EvidencePool(self.store, self.told.append)
        self.ingress = Ingress(
            self.store,
            self.heard,  # type: ignore[arg-type]
            sync,
            self.candidates,
            Intake(self.store, self.pool, Outbox(), verifier, lambda: None),
            GossipQueue(),
            SummaryGate(lambda: self.now_ms),
            self.peers.report,
            self.evidence,
        )

    def take(self, message: Any) -> None:
        """A message arrives."""
        self.ingress.message(PEER, to_wire(message))

    def proposed(self, height: int = 1, round_: int = 0, by: str | None = None) -> ProposedBlock:
        """A block proposed by whose turn it is, or by another."""

        order = self.store.proposers
        name = by or NAMES[order[round_ % len(order)]]

        async def build() -> Any:
            maker = account(f"{name}-node" if name in NAMES.values() else "mea-node")
            return await self.store.build(self.pool, self.store.genesis.time_ms + 1, maker)

        executed = trio.run(build)
        signed = proposal_hash(CHAIN, height, round_, -1, executed.block_hash)
        signature = keys_of(f"{name}-node").sign(signed)
        proposal = Proposal(height, round_, -1, executed.block_hash, account(f"{name}-node"), signature)
        return ProposedBlock(proposal, CompactBlock(executed.block.header, (), executed.block.last_commit))


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A new one."""
    made = Gate(tmp_path / "db")
    yield made
    made.store.close()


def vote(height: int = 1, name: str = "egat", signer: str | None = None) -> Vote:
    """A prevote for nil, by a validator; signed by another key when `signer` says so."""
    block_hash = bytes(0)
    signed = vote_hash(CHAIN, VoteKind.PREVOTE, height, 0, block_hash)
    signature = keys_of(f"{signer or name}-node").sign(signed)
    return Vote(VoteKind.PREVOTE, height, 0, block_hash, account(f"{name}-node"), signature)


def test_who_is_not_in_the_set_here_may_be_so_above(gate: Gate) -> None:
    """A block that is not here yet may have licensed it: nobody is blamed, and nothing is taken."""
    gate.take(vote(2, "bob"))
    gate.take(gate.proposed(2, 0, "bob"))
    assert gate.heard.events == []
    with pytest.raises(PeerFault, match="vote of no validator"):
        gate.take(vote(1, "bob"))


def test_evidence_goes_to_its_pool(gate: Gate) -> None:
    """What holds is kept, what is forged is the sender's fault."""
    good = double_vote("mea", 1)
    gate.take(good)
    assert gate.evidence.pending() == [good]
    forged = Evidence(tuple(replace(item, signature=Signature(bytes(64))) for item in double_vote("pea", 1).votes), ())
    with pytest.raises(PeerFault, match="wrong evidence"):
        gate.take(forged)


def test_votes_of_validators_are_heard(gate: Gate) -> None:
    """For the height at hand and for later ones."""
    for height in (1, 2):
        gate.take(vote(height))
    assert gate.heard.events == [VoteReceived(vote(1)), VoteReceived(vote(2))]


@pytest.mark.parametrize("bad", [vote(name="carol"), vote(signer="mea")], ids=["no validator", "forged"])
def test_other_votes_are_a_fault(gate: Gate, bad: Vote) -> None:
    """And reach nobody."""
    with pytest.raises(PeerFault):
        gate.take(bad)
    assert gate.heard.events == []


def test_a_proposal_of_whose_turn_it_is_is_heard_with_its_block(gate: Gate) -> None:
    """The block is at hand when consensus asks for it."""
    proposed = gate.proposed()
    gate.take(proposed)
    assert gate.heard.events == [ProposalReceived(proposed.proposal)]
    assert gate.candidates.compact(proposed.proposal.block_hash) == proposed.block


def test_other_proposals_are_a_fault(gate: Gate) -> None:
    """Not its turn, forged, or another block than the one it names."""
    good = gate.proposed()
    turn = NAMES[good.proposal.proposer]
    other = next(name for name in NAMES.values() if name != turn)
    forged = replace(good, proposal=replace(good.proposal, signature=bytes(64)))
    header = replace(good.block.header, time_ms=good.block.header.time_ms + 1)
    for bad in (gate.proposed(by=other), forged, replace(good, block=replace(good.block, header=header))):
        with pytest.raises(PeerFault):
            gate.take(bad)
    assert gate.heard.events == []


def test_a_new_block_is_its_proposers_own(gate: Gate) -> None:
    """Who has the turn cannot name another as the maker, now or for a height to come; a block with a polka may come from another."""
    good = gate.proposed()
    turn = NAMES[good.proposal.proposer]
    other = next(name for name in NAMES.values() if name != turn)
    header = replace(good.block.header, proposer=account(f"{other}-node"))
    for height, valid_round in ((1, -1), (2, -1)):
        signed = proposal_hash(CHAIN, height, 0, valid_round, header_hash(header))
        proposal = replace(
            good.proposal, height=height, block_hash=header_hash(header), signature=keys_of(f"{turn}-node").sign(signed)
        )
        with pytest.raises(PeerFault, match="its maker"):
            gate.take(replace(good, proposal=proposal, block=replace(good.block, header=header)))
    assert gate.heard.events == []


def test_a_commit_of_a_quorum_is_heard_and_no_other(gate: Gate) -> None:
    """Two of three are not more than two thirds; another height's is of no use."""
    commit = commit_of(1, b"h" * 32)
    gate.take(commit)
    gate.take(commit_of(2, b"h" * 32))
    assert gate.heard.events == [CommitReceived(commit)]
    for bad in (commit_of(1, b"h" * 32, ("egat", "mea")), replace(commit, round=1)):
        with pytest.raises(PeerFault):
            gate.take(bad)


def test_summaries_of_a_peer_are_heard_no_faster_than_the_bound(gate: Gate) -> None:
    """Each peer by itself; those told in answer to ours have a bound of their own."""
    asking, answering = (Summary(1, 0, 1, -1, answers, ()) for answers in (False, True))
    for message in (asking, answering, asking, answering):
        gate.take(message)
    assert gate.heard.events == [SummaryReceived(PEER, asking), SummaryReceived(PEER, answering)]
    gate.ingress.message(b"q" * 32, to_wire(asking))
    gate.now_ms += MIN_SUMMARY_GAP_MS - 1
    gate.take(asking)
    assert gate.heard.events[2:] == [SummaryReceived(b"q" * 32, asking)]
    gate.now_ms += 1
    gate.take(asking)
    assert gate.heard.events[3:] == [SummaryReceived(PEER, asking)]


def test_a_vote_on_what_is_decided_is_passed_over(gate: Gate) -> None:
    """Who is behind tells so in its summary; a late vote is nothing to answer."""
    gate.take(vote(0))
    assert gate.heard.events == []


def test_late_messages_that_contradict_are_evidence(gate: Gate) -> None:
    """Votes, proposals and commits of a height that is decided: consensus hears none of them, the pool all."""
    proposed, order = gate.proposed(), gate.store.proposers
    gate.take(proposed)
    gate.take(vote(1, NAMES[order[1]]))
    chain = GrownChain(1)

    async def store() -> None:
        executed = await gate.store.execute(chain.executed[0].block, chain.executed[0].transactions)
        gate.store.commit(executed, commit_of(1, executed.block_hash))

    trio.run(store)
    told = list(gate.heard.events)
    other = said(NAMES[order[0]], 1, A)
    gate.take(replace(proposed, proposal=other))
    gate.take(signed_vote(NAMES[order[1]], 1, A))
    gate.take(commit_of(1, A, (NAMES[order[2]],)))
    gate.take(commit_of(1, A, (NAMES[order[1]],)))
    assert gate.heard.events == told
    assert [offence_of(piece).author for piece in gate.told] == list(order)


def test_a_status_of_another_chain_is_a_fault(gate: Gate) -> None:
    """Its own chain's is not."""
    gate.take(Status(gate.store.genesis_hash, 0, b""))
    with pytest.raises(PeerFault):
        gate.take(Status(b"x" * 32, 0, b""))


def batch(*raws: bytes) -> bytes:
    """Gossiped bytes."""
    return encode(TransactionBatch(raws))


def test_gossip_is_taken_in_and_lies_are_blamed_on_their_author(gate: Gate) -> None:
    """A batch is taken in behind the loop's back; junk in it is reported, once for each piece."""

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gate.ingress.take_in)
            gate.ingress.gossip(PEER, batch(b"junk", b"more junk"))
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    trio.run(run, clock=MockClock(autojump_threshold=0))
    assert [(peer, "MALFORMED" in fault.reason) for peer, fault in gate.peers.reported] == [(PEER, True)] * 2
    with pytest.raises(PeerFault):
        gate.ingress.gossip(PEER, b"\xc1")


def test_gossip_beyond_the_bound_is_dropped_and_counted(gate: Gate) -> None:
    """Nobody waits, nothing grows; who submitted it still has it."""
    for _ in range(MAX_GOSSIP_PER_AUTHOR + 3):
        gate.ingress.gossip(PEER, batch(b"x"))
    assert gate.ingress.dropped_batches == 3


def test_requests_are_answered_or_a_fault(gate: Gate) -> None:
    """Each kind; what is malformed or of no kind is the asker's fault."""

    async def ask(kind: int, payload: bytes) -> bytes:
        return await gate.ingress.request(PEER, kind, payload)

    proposed = gate.proposed()
    gate.take(proposed)
    assert trio.run(ask, RequestKind.PROPOSED, proposed.proposal.block_hash) == encode(proposed.block)
    assert trio.run(ask, RequestKind.PROPOSED, b"unknown") == b""
    assert trio.run(ask, RequestKind.BLOCKS, encode(BlockRequest(1, 5)))
    assert trio.run(ask, RequestKind.TRANSACTIONS, encode(TransactionsRequest((bytes(32),))))
    assert trio.run(ask, RequestKind.LIGHT, encode(LightRequest((0, 1, 2**64 - 1)))) == encode(LightBlocks(()))
    for kind, payload in (
        (RequestKind.BLOCKS, b""),
        (RequestKind.TRANSACTIONS, b"\x90"),
        (RequestKind.LIGHT, encode(LightBlocks(()))),
        (RequestKind.LIGHT, b""),
        (0, b""),
        (99, b""),
    ):
        with pytest.raises(PeerFault):
            trio.run(ask, kind, payload)


def test_a_signature_is_verified_once_and_a_wrong_one_every_time(gate: Gate) -> None:
    """Consensus hears each repetition; only the verification is spared."""
    for _ in range(3):
        gate.take(vote())
    assert len(gate.heard.events) == 3
    assert gate.ingress._checked.verified == 1
    for _ in range(2):
        with pytest.raises(PeerFault):
            gate.take(vote(signer="mea"))
    assert gate.ingress._checked.verified == 3
