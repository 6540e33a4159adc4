"""What peers send: decoded, checked, handed to the right part. Whatever does not hold is the peer's fault and raised as such.

A flooded message is relayed before it is checked, so the fault of a bad vote is its author's, whose key the network names. What costs
something is bounded for each author: signatures already found valid are not checked again, inputs of consensus and batches wait in
places that each author has its own share of, and summaries are answered no faster than `summary_gate` lets them through.
"""

from __future__ import annotations

from collections.abc import Callable

from gridnode.chain.block import Header, header_hash
from gridnode.chain.commit import Commit, check_commit
from gridnode.chain.evidence import Evidence
from gridnode.chain.receipt import ChainCode
from gridnode.chain.vote import Proposal, Vote, proposal_hash, vote_hash
from gridnode.codec.records import decode, encode
from gridnode.consensus.inputs import CommitReceived, ProposalReceived, SummaryReceived, VoteReceived
from gridnode.consensus.summary import Summary
from gridnode.crypto.keys import verify
from gridnode.mempool.outbox import TransactionBatch
from gridnode.node.candidates import Candidates
from gridnode.node.checked import CheckedSignatures
from gridnode.node.contradictions import Contradictions
from gridnode.node.evidence_pool import EvidencePool
from gridnode.node.intake import Intake
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.receivers import Batches, Heights, Offered, Offers
from gridnode.node.summary_gate import SummaryGate
from gridnode.node.wire import RequestKind, from_wire
from gridnode.primitives.errors import Malformed, PeerFault
from gridnode.primitives.ids import Hash
from gridnode.primitives.offences import Offence
from gridnode.sync.messages import BlockRequest, LightRequest, ProposedBlock, Status, TransactionsRequest
from gridnode.sync.responder import answer_blocks, answer_light, answer_transactions
from gridnode.sync.snapshots import ChunkRequest, SnapshotsRequest, answer_snapshots

NEVER_HONEST = (ChainCode.MALFORMED, ChainCode.WRONG_CHAIN, ChainCode.UNKNOWN_MESSAGE, ChainCode.BAD_SIGNATURE)
"""What a node refuses at its own door, whatever it has seen of the chain. The other codes depend on that and blame nobody."""


class Ingress:
    """Messages, gossip and requests of peers."""

    def __init__(
        self,
        store: LedgerStore,
        loop: Offers,
        catch_up: Heights,
        candidates: Candidates,
        intake: Intake,
        batches: Batches,
        gate: SummaryGate,
        report: Callable[[bytes, PeerFault], object],
        evidence: EvidencePool,
        snapshots: Offered | None = None,
    ) -> None:
        self._store = store
        self._loop = loop
        self._catch_up = catch_up
        self._candidates = candidates
        self._intake = intake
        self._report = report
        self._evidence = evidence
        self._batches = batches
        self._gate = gate
        self._snapshots = snapshots
        self._checked = CheckedSignatures(lambda key, message, signature: verify(key, message, signature))
        self._contradictions = Contradictions(store, evidence, self._checked)
        self.dropped_batches = 0

    def message(self, peer: bytes, payload: bytes) -> None:
        """A message of a peer. Raises PeerFault when it is malformed, of another chain, or wrongly signed."""
        message = from_wire(payload)
        if isinstance(message, Status):
            self._catch_up.heard(peer, message)
        elif isinstance(message, Vote):
            self._vote(peer, message)
        elif isinstance(message, ProposedBlock):
            self._proposal(peer, message)
        elif isinstance(message, Evidence):
            self._evidence.heard(message)
        elif isinstance(message, Summary):
            if self._gate.passes(peer, message.answers):
                self._loop.hear(peer, SummaryReceived(peer, message))
        else:
            self._commit(peer, message)

    def _vote(self, peer: bytes, vote: Vote) -> None:
        if vote.height < self._store.next_height:
            self._contradictions.late(peer, vote)
            return
        member = self._store.validators.get(vote.validator)
        if member is None:
            if vote.height > self._store.next_height:
                return  # a block that is not here yet may have brought it into the set; votes are sent again
            raise PeerFault.of(Offence.NO_VALIDATOR)
        signed = vote_hash(self._store.chain_id, vote.kind, vote.height, vote.round, vote.block_hash)
        if not self._checked.verify(member.key, signed, vote.signature):
            raise PeerFault.of(Offence.FORGED_MESSAGE, f"vote of {member.name}")
        self._contradictions.heard(vote)
        self._loop.hear(peer, VoteReceived(vote))

    def _proposal(self, peer: bytes, proposed: ProposedBlock) -> None:
        proposal = proposed.proposal
        if proposal.height < self._store.next_height:
            self._contradictions.late(peer, proposal)
            return
        if not self._check_proposal(proposal):
            return
        self._contradictions.heard(proposal)
        _check_maker(proposal, proposed.block.header)
        if proposal.height <= self._store.next_height + 1:  # others are ahead by a block at most, or this node will sync
            self._candidates.proposed(proposal.block_hash, proposed.block, proposal.proposer)
        self._loop.hear(peer, ProposalReceived(proposal))

    def _check_proposal(self, proposal: Proposal) -> bool:
        """Whether the proposal is of use now. Raises PeerFault for one that nobody honest makes.

        Whose turn it is above the next height is not known yet: the engine looks when it comes there. So is who is in the set by then.
        """
        chain_id, validators, order = self._store.chain_id, self._store.validators, self._store.proposers
        is_next = proposal.height == self._store.next_height
        member = validators.get(order[proposal.round % len(order)] if is_next else proposal.proposer)
        if member is None:
            return False
        if member.address != proposal.proposer:
            expected = f"expected {member.name} for height {proposal.height} round {proposal.round}"
            raise PeerFault.of(Offence.NOT_ITS_TURN, expected)
        signed = proposal_hash(
            chain_id, proposal.height, proposal.round, proposal.valid_round, proposal.block_hash
        )
        if not self._checked.verify(member.key, signed, proposal.signature):
            raise PeerFault.of(Offence.FORGED_MESSAGE, f"proposal of {member.name}")
        return True

    def _commit(self, peer: bytes, commit: Commit) -> None:
        if commit.height < self._store.next_height:
            self._contradictions.late_commit(peer, commit)
        if commit.height != self._store.next_height:
            return
        try:
            check_commit(commit, self._store.chain_id, self._store.validators, commit.height, commit.block_hash)
        except Malformed as error:
            raise PeerFault.of(Offence.FORGED_MESSAGE, f"commit: {error}") from None
        self._loop.hear(peer, CommitReceived(commit))

    def gossip(self, peer: bytes, payload: bytes) -> None:
        """A batch of transactions; when they come faster than they are checked, the newest is dropped. Raises PeerFault."""
        try:
            batch = decode(TransactionBatch, payload)
        except Malformed as error:
            raise PeerFault.of(Offence.BAD_MESSAGE, f"batch: {error}") from None
        self.dropped_batches += not self._batches.put(peer, batch)

    async def take_in(self) -> None:
        """Bring gossiped transactions to the intake, until cancelled; blame a batch's author for what no honest node passes on."""
        while True:
            author, batch = await self._batches.get()
            for result in await self._intake.hear(batch.transactions):
                if result.rejected is not None and result.rejected.code in NEVER_HONEST:
                    code = result.rejected.code
                    forged = code == ChainCode.BAD_SIGNATURE
                    offence = Offence.FORGED_TRANSACTION if forged else Offence.JUNK_TRANSACTION
                    self._report(author, PeerFault.of(offence, code.name))

    async def request(self, _peer: bytes, kind: int, payload: bytes) -> bytes:
        """Answer a peer's request. Raises PeerFault when it is malformed or of no known kind."""
        try:
            if kind == RequestKind.BLOCKS:
                return answer_blocks(decode(BlockRequest, payload), self._store.height, self._store.final_block)
            if kind == RequestKind.TRANSACTIONS:
                return answer_transactions(decode(TransactionsRequest, payload), self._candidates.transaction)
            if kind == RequestKind.SNAPSHOTS:
                return self._offer(decode(SnapshotsRequest, payload))
            if kind == RequestKind.CHUNK:
                return await self._chunk(decode(ChunkRequest, payload))
            if kind == RequestKind.LIGHT:
                return answer_light(decode(LightRequest, payload), self._store.height, self._store.light_block)
        except Malformed as error:
            raise PeerFault.of(Offence.BAD_REQUEST, str(error)) from None
        if kind == RequestKind.PROPOSED:
            compact = self._candidates.compact(Hash(payload))
            return b"" if compact is None else encode(compact)
        known = ", ".join(str(int(one)) for one in RequestKind)
        raise PeerFault.of(Offence.BAD_REQUEST, f"expected kind {known}, got {kind}")

    def _offer(self, request: SnapshotsRequest) -> bytes:
        return answer_snapshots(request, ()) if self._snapshots is None else self._snapshots.answer(request)

    async def _chunk(self, request: ChunkRequest) -> bytes:
        chunk = None if self._snapshots is None else await self._snapshots.chunk(request.height, request.index)
        return b"" if chunk is None else chunk

    def connected(self, _peer: bytes) -> None:
        """A peer can be reached: tell it where this node stands."""
        self._catch_up.tell()

    def disconnected(self, peer: bytes) -> None:
        """A peer is gone."""
        self._catch_up.lost(peer)


def _check_maker(proposal: Proposal, header: Header) -> None:
    """Whether a new block is its proposer's own. Raises PeerFault: it would have fees, turns and lanes of another.

    One with a valid round had a polka when it was new, and so honest validators that found this.
    """
    if header_hash(header) != proposal.block_hash:
        raise PeerFault.of(Offence.WRONG_BLOCK, "expected the one that the proposal names")
    if proposal.valid_round < 0 and header.proposer != proposal.proposer:
        raise PeerFault.of(Offence.WRONG_BLOCK, "expected a new block to name its proposer as its maker")
