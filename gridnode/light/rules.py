"""Whether a light block follows from what is trusted. Each rule alone, without asking anybody anything.

Times are unix ms. `now_ms` is the reader's own clock, never a header's.
"""

from __future__ import annotations

from enum import IntEnum

from gridnode.chain.block import header_hash
from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.chain.light_block import LightBlock, check_light_block
from gridnode.chain.validators import ValidatorSet
from gridnode.light.terms import Expired, LightBlockInvalid, Terms
from gridnode.primitives.errors import Malformed


class Verdict(IntEnum):
    """What follows from a valid light block [LCV-FUNC-VALID.2]."""

    TRUSTED = 1  # it is as good as the trusted one
    NOT_ENOUGH_TRUST = 2  # too few of those who are trusted signed it: ask for one in between


def verify(trusted: LightBlock, block: LightBlock, now_ms: int, terms: Terms) -> Verdict:
    """Whether `block`, above `trusted`, is to be trusted [LCV-FUNC-VALID.2, ValidAndVerified].

    `trusted` was verified before and is not checked again. Next to it, the answer is never NOT_ENOUGH_TRUST.
    Raises Expired when `trusted` is too old, LightBlockInvalid when `block` can be of no correct node.
    """
    check_received(block, now_ms, terms)
    return follows(trusted, block, now_ms, terms)


def check_received(block: LightBlock, now_ms: int, terms: Terms) -> None:
    """Check what can be said of a block that has just come, whatever is trusted: signed by its own set, and not from the future.

    Raises LightBlockInvalid.
    """
    header = block.header
    if header.time_ms > now_ms + terms.max_drift_ms:
        raise LightBlockInvalid(
            f"expected a time at most {terms.max_drift_ms} ms after this clock's {now_ms} ms, "
            f"block {header.height} has {header.time_ms}"
        )
    _check_alone(block, terms)


def follows(trusted: LightBlock, block: LightBlock, now_ms: int, terms: Terms) -> Verdict:
    """As `verify`, for a block that `check_received` has let pass: no signature is checked again."""
    base, header = trusted.header, block.header
    if terms.is_expired(base.time_ms, now_ms):
        raise Expired(
            f"the trusted block {base.height} of {base.time_ms} ms is older than the trusting period of "
            f"{terms.trusting_period_ms} ms at {now_ms} ms; expected a newer block to trust"
        )
    if header.height <= base.height:
        raise LightBlockInvalid(f"expected a height above {base.height}, got {header.height}")
    if header.time_ms <= base.time_ms:
        raise LightBlockInvalid(f"expected a time above {base.time_ms} ms, that of block {base.height}, got {header.time_ms}")
    if header.height > base.height + 1:
        power = signed_power(trusted.validators, block)
        return Verdict.TRUSTED if trusted.validators.is_skip(power) else Verdict.NOT_ENOUGH_TRUST
    if header.validators_hash != base.next_validators_hash:
        raise LightBlockInvalid(f"expected the validators that block {base.height} names for height {header.height}")
    if header.previous_hash != header_hash(base):
        raise LightBlockInvalid(f"expected block {header.height} to follow on the trusted block {base.height}")
    return Verdict.TRUSTED


def verify_first(genesis: Genesis, block: LightBlock, now_ms: int, terms: Terms) -> None:
    """Check that `block` is block 1 of the chain with this genesis, which is trusted: the set of genesis votes on it.

    Raises Expired when the genesis is too old, LightBlockInvalid when it is not.
    """
    if terms.is_expired(genesis.time_ms, now_ms):
        raise Expired(
            f"the genesis of {genesis.time_ms} ms is older than the trusting period of {terms.trusting_period_ms} ms at {now_ms} ms; "
            "expected a newer block to trust"
        )
    header = block.header
    if header.height != 1 or header.previous_hash != genesis_hash(genesis):
        raise LightBlockInvalid(f"expected block 1 on genesis {genesis_hash(genesis).hex()}, got another block of height {header.height}")
    if block.validators != genesis.validators:
        raise LightBlockInvalid("expected the validators of genesis for block 1")
    if header.time_ms <= genesis.time_ms:
        raise LightBlockInvalid(f"expected a time above {genesis.time_ms} ms, that of genesis, got {header.time_ms}")
    check_received(block, now_ms, terms)


def verify_given(height: int, block_hash: bytes, block: LightBlock, now_ms: int, terms: Terms) -> None:
    """Check that `block` is the one that people gave by height and hash [LCV-INIT: InitLightClient, "subjective initialization"].

    Raises Expired when it is too old to be a base, LightBlockInvalid when it is another.
    """
    header = block.header
    if header.height != height or header_hash(header) != block_hash:
        raise LightBlockInvalid(
            f"expected block {height} with the trusted hash {block_hash.hex()}, "
            f"got block {header.height} with {header_hash(header).hex()}"
        )
    check_received(block, now_ms, terms)
    if terms.is_expired(header.time_ms, now_ms):
        raise Expired(
            f"block {height} of {header.time_ms} ms is older than the trusting period of {terms.trusting_period_ms} ms; "
            "expected a newer block to trust"
        )


def verify_below(trusted: LightBlock, block: LightBlock, terms: Terms) -> None:
    """Check that `block` is the one just below `trusted` [LCV-FUNC-BACKWARDS]: its hash stands in the trusted header.

    No clock is asked: what a trusted header names stays named. Raises LightBlockInvalid.
    """
    above, header = trusted.header, block.header
    if header.height != above.height - 1 or header_hash(header) != above.previous_hash:
        raise LightBlockInvalid(f"expected the block that block {above.height} follows on, got another of height {header.height}")
    _check_alone(block, terms)


def signed_power(trusted: ValidatorSet, block: LightBlock) -> int:
    """Power, in the trusted set, of its members that signed `block`, whose signatures were checked.

    A member is the same in both sets when address and key are. What power the other set gives it does not matter.
    """
    signed = {
        member.address: member.key
        for member, signature in zip(block.validators.members, block.commit.signatures, strict=True)
        if signature
    }
    return sum(member.power for member in trusted.members if signed.get(member.address) == member.key)


def _check_alone(block: LightBlock, terms: Terms) -> None:
    try:
        check_light_block(block, terms.chain_id)
    except Malformed as fault:
        raise LightBlockInvalid(f"light block {block.header.height}: {fault}") from None
