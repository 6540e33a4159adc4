"""Chains of light blocks with real signatures and whatever sets one likes: what a light client sees, and what liars make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from gridnode.chain.block import NO_ENERGY, Header, header_hash
from gridnode.chain.commit import Commit
from gridnode.chain.genesis import ChainParams, Genesis, genesis_hash
from gridnode.chain.light_block import LightBlock
from gridnode.chain.validators import Validator, ValidatorSet, validator_set, validators_hash
from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.codec.fields import HASH
from gridnode.codec.records import layout
from gridnode.crypto.address import address_of
from gridnode.crypto.hashing import sha256_of
from gridnode.crypto.keys import KeyPair, key_pair
from gridnode.light.asking import NEWEST, Answer, Asking
from gridnode.light.terms import Terms
from gridnode.primitives.ids import Hash, Signature

CHAIN = "light-1"
START_MS = 1_700_000_000_000
STEP_MS = 1_000
HOUR_MS = 3_600_000
TERMS = Terms(CHAIN, HOUR_MS, 5_000)
PARAMS = ChainParams(250, 10_000, 1_000, 500, 250, 10_000, 4_194_304, 10_000, 50_000)

Powers = Mapping[int, int]
"""Number of a validator -> its power."""


@cache
def keys_of(number: int) -> KeyPair:
    """Consensus key of a validator by its number."""
    return key_pair(sha256_of(b"light %d" % number))


@cache
def address(number: int) -> bytes:
    """Its address."""
    return address_of(keys_of(number).public_key)


@cache
def _number_of() -> dict[bytes, int]:
    return {address(number): number for number in range(64)}


def set_of(powers: Powers) -> ValidatorSet:
    """A set of validators by number."""
    return validator_set(
        [
            Validator(f"V{number}", address(number), keys_of(number).public_key, power, address(number))
            for number, power in powers.items()
        ]
    )


def signed(header: Header, validators: ValidatorSet, signers: Sequence[int] | None = None, round_: int = 0) -> LightBlock:
    """A header with precommits of those named, all by default."""
    digest = header_hash(header)
    content = vote_hash(header.chain_id, VoteKind.PRECOMMIT, header.height, round_, digest)
    numbers = [_number_of()[member.address] for member in validators.members]
    signatures = tuple(
        keys_of(number).sign(content) if signers is None or number in signers else Signature(b"") for number in numbers
    )
    return LightBlock(header, Commit(header.height, round_, digest, signatures), validators)


class LightChain:
    """Blocks 1 to `len(sets) - 1`; `sets[h - 1]` votes on height h, and all of it signs unless `signers` says who does."""

    def __init__(
        self,
        sets: Sequence[Powers],
        signers: Callable[[int], Sequence[int] | None] = lambda height: None,
        step_ms: int = STEP_MS,
        salt: bytes = b"",
    ) -> None:
        made = {id(powers): set_of(powers) for powers in sets}
        self.sets = [made[id(powers)] for powers in sets]
        self.genesis = Genesis(CHAIN, START_MS, 1, PARAMS, self.sets[0], ())
        self.blocks: list[LightBlock] = []
        previous = genesis_hash(self.genesis)
        for height in range(1, len(sets)):
            voters, after = self.sets[height - 1 : height + 1]
            header = header_of(height, START_MS + step_ms * height, previous, voters, after, salt)
            self.blocks.append(signed(header, voters, signers(height)))
            previous = header_hash(header)

    @property
    def tip(self) -> LightBlock:
        """The newest block."""
        return self.blocks[-1]

    @property
    def now_ms(self) -> int:
        """A clock that is right: when the newest block was made."""
        return int(self.tip.header.time_ms)

    def at(self, height: int) -> LightBlock:
        """The block of a height."""
        return self.blocks[height - 1]

    def give(self, height: int) -> LightBlock | None:
        """What an honest node answers."""
        if height == NEWEST:
            return self.tip
        return self.blocks[height - 1] if 1 <= height <= len(self.blocks) else None


def header_of(height: int, time_ms: int, previous: Hash, voters: ValidatorSet, after: ValidatorSet, salt: bytes = b"") -> Header:
    """A header whose state is made up."""
    values: dict[str, Any] = {name: Hash(bytes(32)) for name, kind in layout(Header).kinds.items() if kind is HASH}
    values |= {
        "chain_id": CHAIN,
        "height": height,
        "time_ms": time_ms,
        "previous_hash": previous,
        "state_root": sha256_of(b"state %d" % height + salt),
        "validators_hash": validators_hash(voters),
        "next_validators_hash": validators_hash(after),
        "proposer": voters.members[0].address,
        "transaction_count": 0,
        "energy": NO_ENERGY,
    }
    return Header(**values)


def changed(block: LightBlock, signers: Sequence[int] | None = None, **fields: Any) -> LightBlock:
    """The block with other fields in its header, signed anew."""
    return signed(replace(block.header, **fields), block.validators, signers, block.commit.round)


class Run:
    """A driver's whole run against a provider: what it asked for, and what came out."""

    def __init__(self, asking: Asking[Any], give: Callable[[int], LightBlock | None], now_ms: int) -> None:
        self.asked: list[int] = []
        self.result: Any = None
        try:
            heights = next(asking)
            while True:
                self.asked += heights
                found = [give(height) for height in heights]
                heights = asking.send(Answer([block for block in found if block is not None], now_ms))
        except StopIteration as stop:
            self.result = stop.value
