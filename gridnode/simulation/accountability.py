"""After a fork: who broke the rules, from what honest nodes have heard. More than f are convicted, and nobody honest ever is.

A validator is convicted when it
    equivocates    signed two votes of one kind in one round, or two proposals
    precommits     a block in a round for which honest nodes heard no quorum of prevotes
    forgets        precommitted a block and in a later round prevoted another one that got no
                   quorum of prevotes in any round since

An honest precommit has heard its quorum, and an honest prevote against a lock has heard the polka that unlocks it; both are in the
record, so neither is ever convicted. When blocks v and w are final at one height, in rounds r <= s: for r = s more than 1/3 precommitted
both. For r < s take the first round after r with a polka for another block than v: more than 1/3 are in both quorums, and each of them
forgot; when there is no such round, everybody who precommitted w did so without a polka.
"""

from __future__ import annotations

from gridnode.chain.commit import Commit
from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.primitives.ids import Address, Hash
from gridnode.simulation.electorate import Electorates


class Record:
    """What honest nodes have heard, from all of them together."""

    def __init__(self, electorates: Electorates) -> None:
        self._electorates = electorates
        self.votes: dict[tuple[VoteKind, int, int], dict[Hash, dict[Address, None]]] = {}
        self.proposals: dict[tuple[int, int, Address], dict[tuple[int, Hash], None]] = {}

    def add(self, message: Vote | Proposal) -> None:
        """A message was heard; its signature was checked."""
        if isinstance(message, Vote):
            self._vote(message.kind, message.height, message.round, message.block_hash, message.validator)
        else:
            at = (message.height, message.round, message.proposer)
            self.proposals.setdefault(at, {})[message.valid_round, message.block_hash] = None

    def add_commit(self, commit: Commit) -> None:
        """A commit was stored; its signatures are precommits."""
        members = self._electorates.at(commit.height).validators.members
        for member, signature in zip(members, commit.signatures, strict=True):
            if signature:
                self._vote(VoteKind.PRECOMMIT, commit.height, commit.round, commit.block_hash, member.address)

    def _vote(self, kind: VoteKind, height: int, round_: int, block_hash: Hash, validator: Address) -> None:
        self.votes.setdefault((kind, height, round_), {}).setdefault(block_hash, {})[validator] = None

    def is_polka(self, height: int, round_: int, block_hash: Hash) -> bool:
        """Whether a quorum prevoted the block in this round."""
        voters = self.votes.get((VoteKind.PREVOTE, height, round_), {}).get(block_hash, {})
        electorate = self._electorates.at(height)
        return electorate.validators.is_quorum(electorate.power_of(voters))


def accused(record: Record) -> list[Address]:
    """The convicted, ascending."""
    found: dict[Address, None] = {}
    _equivocators(record, found)
    _without_polka(record, found)
    _forgetful(record, found)
    return sorted(found)


def _equivocators(record: Record, found: dict[Address, None]) -> None:
    for by_hash in record.votes.values():
        once: dict[Address, None] = {}
        for voters in by_hash.values():
            found |= {voter: None for voter in voters if voter in once}
            once |= voters
    found |= {author: None for (_, _, author), told in record.proposals.items() if len(told) > 1}


def _without_polka(record: Record, found: dict[Address, None]) -> None:
    for (kind, height, round_), by_hash in record.votes.items():
        for block_hash, voters in by_hash.items():
            if kind is VoteKind.PRECOMMIT and block_hash and not record.is_polka(height, round_, block_hash):
                found |= voters


def _forgetful(record: Record, found: dict[Address, None]) -> None:
    locks: dict[tuple[int, Address], list[tuple[int, Hash]]] = {}
    for (kind, height, round_), by_hash in record.votes.items():
        for block_hash, voters in by_hash.items():
            if kind is VoteKind.PRECOMMIT and block_hash:
                for voter in voters:
                    locks.setdefault((height, voter), []).append((round_, block_hash))
    for (kind, height, round_), by_hash in record.votes.items():
        for block_hash, voters in by_hash.items():
            if kind is not VoteKind.PREVOTE or not block_hash:
                continue
            for voter in voters:
                for lock_round, lock_hash in locks.get((height, voter), ()):
                    if lock_round < round_ and lock_hash != block_hash:
                        since = range(lock_round, round_)
                        is_free = any(record.is_polka(height, earlier, block_hash) for earlier in since)
                        found |= {} if is_free else {voter: None}
