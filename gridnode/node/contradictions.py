"""Contradictions with what was said of heights that are decided: found when the second message comes, however late.

Consensus compares what it hears of the height under way, and forgets it when the next begins. A liar may time its second message so that it
comes after that: to those who were told the first one, all is over. So what was heard is remembered for a while, and compared here.

    height            compared with
    up to the next    every message that is remembered: of each author and height the MAX_SAID of lowest rounds
    a few below it    the same, for PAST_HEIGHTS heights; a message that nothing is known to contradict is verified and remembered
    all below         the commit that is stored: precommits of its round, and whole commits of another block

What contradicts nothing costs a look, what contradicts something a verification, which is blamed on who sent it when it fails. Looks at
stored commits are counted: MAX_LATE_LOOKS of a peer for each block that is stored here.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from gridnode.chain.commit import Commit
from gridnode.chain.validators import ValidatorSet
from gridnode.chain.vote import Proposal, Vote, VoteKind, proposal_hash, vote_hash
from gridnode.node.checked import CheckedSignatures
from gridnode.node.evidence_pool import EvidencePool
from gridnode.node.ledger_store import LedgerStore
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.ids import Address, Signature
from gridnode.primitives.limits import MAX_LATE_LOOKS, MAX_SAID, PAST_HEIGHTS
from gridnode.primitives.offences import Offence
from gridnode.primitives.units import Height

Said = Vote | Proposal


class _Step(NamedTuple):
    """Of what an honest validator says one thing."""

    round: int
    kind: int  # of a vote; 0: proposal


class Contradictions:
    """What validators have said lately, and who has said two things."""

    def __init__(self, store: LedgerStore, evidence: EvidencePool, checked: CheckedSignatures) -> None:
        self._store, self._evidence, self._checked = store, evidence, checked
        self._said: dict[Height, dict[Address, dict[_Step, Said]]] = {}
        self._voters: dict[Height, ValidatorSet | None] = {}
        self._looks: Counter[bytes] = Counter()
        self._looked_at = Height(0)
        self._forgot_at = Height(0)

    def __len__(self) -> int:
        """How many messages are remembered."""
        return sum(len(steps) for authors in self._said.values() for steps in authors.values())

    def heard(self, said: Said) -> None:
        """Remember and compare a verified message of a validator, of the height to come or of the one above it."""
        if said.height > self._store.next_height + 1:
            return
        self._forget()
        first = self._first(said)
        if first is None:
            self._keep(said)
        elif _content(first) != _content(said):
            self._evidence.found(first, said)

    def late(self, peer: bytes, said: Said) -> None:
        """Compare a message of a decided height, of which nothing is verified yet. Raises PeerFault when it is forged."""
        if not said.height:
            return
        self._forget()
        first = self._first(said)
        if first is None and isinstance(said, Vote) and said.kind is VoteKind.PRECOMMIT and self._may_look(peer, said.height):
            first = self._committed(said)
        if first is not None:
            self._compare(first, said)
        elif self._is_recent(said.height) and self._verified(said):
            self._keep(said)

    def late_commit(self, peer: bytes, commit: Commit) -> None:
        """Compare a commit of a decided height: whoever has signed it and the one that is stored, in one round, is guilty.

        Raises PeerFault when a signature that would accuse somebody is forged.
        """
        height = Height(commit.height)
        stored = self._store.commit_of(height) if height and self._may_look(peer, height) else None
        voters = None if stored is None else self._voters_of(height)
        if stored is None or voters is None or stored.block_hash == commit.block_hash or stored.round != commit.round:
            return
        for member, ours, theirs in zip(voters.members, stored.signatures, commit.signatures, strict=False):
            if ours and theirs:
                self._compare(_vote_of(stored, member.address, ours), _vote_of(commit, member.address, theirs))

    def _compare(self, first: Said, said: Said) -> None:
        """Accuse an author of two messages of one step, the second unverified. Raises PeerFault when it is forged."""
        if _content(first) != _content(said) and not self._evidence.accuses(author_of(said)) and self._verified(said):
            self._evidence.found(first, said)

    def _committed(self, said: Vote) -> Vote | None:
        """The precommit of the same author and round in the commit that is stored."""
        commit, voters = self._store.commit_of(said.height), self._voters_of(said.height)
        if commit is None or voters is None or commit.round != said.round:
            return None
        signed = zip(voters.members, commit.signatures, strict=True)
        mine = next((signature for member, signature in signed if member.address == said.validator), b"")
        return _vote_of(commit, said.validator, Signature(mine)) if mine else None

    def _first(self, said: Said) -> Said | None:
        return self._said.get(said.height, {}).get(author_of(said), {}).get(_step_of(said))

    def _keep(self, said: Said) -> None:
        steps = self._said.setdefault(said.height, {}).setdefault(author_of(said), {})
        steps[_step_of(said)] = said
        if len(steps) > MAX_SAID:
            del steps[max(steps)]

    def _verified(self, said: Said) -> bool:
        """Whether a validator of that height has signed it; False when that is not known any more. Raises PeerFault for a forgery."""
        voters = self._voters_of(said.height)
        member = None if voters is None else voters.get(author_of(said))
        if member is None:
            return False
        if not self._checked.verify(member.key, _signed(self._store.chain_id, said), said.signature):
            raise PeerFault.of(Offence.FORGED_MESSAGE, f"late message of {member.name}")
        return True

    def _voters_of(self, height: Height) -> ValidatorSet | None:
        if not self._is_recent(height):
            return self._store.validators_at(height)
        if height not in self._voters:
            self._voters[height] = self._store.validators_at(height)
        return self._voters[height]

    def _is_recent(self, height: int) -> bool:
        return height >= self._store.next_height - PAST_HEIGHTS

    def _may_look(self, peer: bytes, height: int) -> bool:
        if self._looked_at != self._store.height:
            self._looked_at = self._store.height
            self._looks.clear()
        self._looks[peer] += 1
        return self._looks[peer] <= MAX_LATE_LOOKS and height <= self._store.height

    def _forget(self) -> None:
        if self._forgot_at == self._store.height:
            return
        self._forgot_at = self._store.height
        for height in [known for known in self._said if not self._is_recent(known)]:
            del self._said[height]
        for height in [known for known in self._voters if not self._is_recent(known)]:
            del self._voters[height]


def author_of(said: Said) -> Address:
    """Who has signed it, as it says."""
    return said.validator if isinstance(said, Vote) else said.proposer


def _step_of(said: Said) -> _Step:
    return _Step(said.round, said.kind if isinstance(said, Vote) else 0)


def _content(said: Said) -> tuple[bytes, int]:
    """What two messages of one step must agree in."""
    return said.block_hash, said.valid_round if isinstance(said, Proposal) else -1


def _signed(chain_id: str, said: Said) -> bytes:
    if isinstance(said, Vote):
        return vote_hash(chain_id, said.kind, said.height, said.round, said.block_hash)
    return proposal_hash(chain_id, said.height, said.round, said.valid_round, said.block_hash)


def _vote_of(commit: Commit, validator: Address, signature: Signature) -> Vote:
    return Vote(VoteKind.PRECOMMIT, Height(commit.height), commit.round, commit.block_hash, validator, signature)
