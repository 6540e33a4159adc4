"""Commits: more than 2/3 of the power precommitted one block in one round. Whoever has the header and this needs no other proof."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from gridnode.chain.validators import ValidatorSet
from gridnode.chain.vote import ROUND, VoteKind, vote_hash
from gridnode.codec.fields import HASH_OR_NIL, U64, Bytes, ListOf
from gridnode.codec.records import encode, record
from gridnode.crypto.hashing import Tag
from gridnode.crypto.keys import verify
from gridnode.primitives.errors import Malformed
from gridnode.primitives.ids import Hash, PublicKey, Signature
from gridnode.primitives.limits import MAX_REMEMBERED_HASHES, MAX_VALIDATORS
from gridnode.primitives.units import Height, Round

_COMMIT = Tag("gridnode/commit")


@record
class Commit:
    """Precommits for `block_hash` at (height, round).

    `signatures` has one entry for each validator of that height in the set's order; empty bytes where a precommit is missing.
    """

    height: Annotated[Height, U64]
    round: Annotated[Round, ROUND]
    block_hash: Annotated[Hash, HASH_OR_NIL]
    signatures: Annotated[tuple[Signature, ...], ListOf(Bytes(0, 64), MAX_VALIDATORS)]


NO_COMMIT = Commit(Height(0), Round(0), Hash(b""), ())
"""The last commit of block 1: there was no block before it."""


@lru_cache(maxsize=MAX_REMEMBERED_HASHES)  # of the block that carries it, as proposed, checked and executed
def commit_hash(commit: Commit) -> Hash:
    """Hash by which the next header names this commit."""
    return _COMMIT.hash(encode(commit))


def check_commit(commit: Commit, chain_id: str, validators: ValidatorSet, height: int, block_hash: bytes) -> None:
    """Check that `commit` finalises `block_hash` at `height` by more than 2/3 of the power of `validators`.

    Raises Malformed saying what was expected. Every signature present must be valid.
    """
    if not block_hash or (commit.height, commit.block_hash) != (height, block_hash):
        raise Malformed(
            f"expected a commit of block {_short(block_hash)} at height {height}, "
            f"got one of {_short(commit.block_hash)} at height {commit.height}"
        )
    if len(commit.signatures) != len(validators.members):
        raise Malformed(f"expected {len(validators.members)} commit entries, got {len(commit.signatures)}")
    signed = vote_hash(chain_id, VoteKind.PRECOMMIT, height, commit.round, block_hash)
    power = 0
    for member, signature in zip(validators.members, commit.signatures, strict=True):
        if not signature:
            continue
        if not _is_valid(member.key, signed, signature):
            raise Malformed(f"expected a valid precommit signature of {member.name} (round {commit.round})")
        power += member.power
    if not validators.is_quorum(power):
        raise Malformed(f"expected precommits of more than 2/3 of power {validators.total_power}, got {power}")


@lru_cache(maxsize=4 * MAX_VALIDATORS)
def _is_valid(key: PublicKey, signed: bytes, signature: Signature) -> bool:
    """Remembered, because a precommit is checked with the block that it makes final and again in the last commit of the next."""
    return verify(key, signed, signature)


def _short(block_hash: bytes) -> str:
    return block_hash.hex()[:16] or "nil"
