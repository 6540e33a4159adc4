"""Who votes on each block: the set of genesis, and whoever the header before names; a set is believed for its hash alone."""

from __future__ import annotations

from collections.abc import Iterator

from gridnode.audit.findings import Fault, Finding
from gridnode.chain.block import Header
from gridnode.chain.genesis import Genesis
from gridnode.chain.validators import ValidatorSet, validators_hash


class Voters:
    """The set that votes on the next block to be looked at.

    A header names who votes on its own block and who on the next one, and is final by the signatures of the former. So from genesis
    on each set vouches for the next. Headers have hashes; a changed set itself must be shown by whoever shows the block.
    """

    def __init__(self, genesis: Genesis) -> None:
        self._chain_id = genesis.chain_id
        self.current = genesis.validators
        """Who voted on the block that was followed last; at first, who votes on block 1."""
        self._named = validators_hash(genesis.validators)

    def lacks(self, header: Header) -> bool:
        """Whether the set that votes on this block is not the one before, and has to be shown."""
        return header.validators_hash != validators_hash(self.current)

    def follow(self, header: Header, shown: ValidatorSet | None) -> Iterator[Finding]:
        """Go on to the set of a block; yields what does not fit. `shown`: who is said to vote on it, where that has changed."""
        if header.chain_id != self._chain_id:
            yield Finding(header.height, Fault.CHAIN, f"expected chain {self._chain_id}, got {header.chain_id}")
        if header.validators_hash != self._named:
            yield Finding(header.height, Fault.CHAIN, "validators_hash is not the next_validators_hash of the block before")
        self._named = header.next_validators_hash
        if not self.lacks(header):
            return
        if shown is None or validators_hash(shown) != header.validators_hash:
            what = "is not shown" if shown is None else "is not the one shown"
            yield Finding(header.height, Fault.CHAIN, f"who votes on the block has changed, and the set of validators_hash {what}")
            return
        self.current = shown
