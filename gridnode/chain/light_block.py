"""A header with all that proves it final: what a light client asks for, and what it checks in one such block alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from gridnode.chain.block import Header, header_hash
from gridnode.chain.commit import Commit, check_commit
from gridnode.chain.validators import ValidatorSet, validators_hash
from gridnode.codec.fields import ListOf
from gridnode.codec.records import Nested, record
from gridnode.crypto.address import address_of
from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_LIGHT_BLOCKS


@record
class LightBlock:
    """A header, the commit that made it final, and the set that voted on it. No transaction is needed to check it."""

    header: Annotated[Header, Nested(Header)]
    commit: Annotated[Commit, Nested(Commit)]
    validators: Annotated[ValidatorSet, Nested(ValidatorSet)]


@record
class LightBlocks:
    """Light blocks in the order asked for; left out is what the giver does not have, and what would make the answer too large."""

    blocks: Annotated[tuple[LightBlock, ...], ListOf(Nested(LightBlock), MAX_LIGHT_BLOCKS)]


def check_light_block(block: LightBlock, chain_id: str) -> None:
    """Check that the parts fit each other: the set is the one the header names, and more than 2/3 of its power signed the header.

    This alone makes nothing trusted: anybody can sign with a set of his own making. Raises Malformed saying what was expected.
    """
    header, members = block.header, block.validators.members
    if header.chain_id != chain_id:
        raise Malformed(f"expected a header of chain {chain_id}, got one of {header.chain_id}")
    if header.height < 1:
        raise Malformed("expected a height of 1 or more; genesis has no header")
    for left, right in pairwise(members):
        if left.address >= right.address:
            raise Malformed("expected the validators in ascending order of address, each once")
    for member in members:
        if address_of(member.key) != member.address:
            raise Malformed(f"expected the address of its key for validator {member.name}")
    if validators_hash(block.validators) != header.validators_hash:
        raise Malformed("expected the validators whose hash the header names")
    check_commit(block.commit, chain_id, block.validators, header.height, header_hash(header))
