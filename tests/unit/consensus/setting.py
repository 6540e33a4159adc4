"""A chain for consensus tests: its parameters, validators v0, v1, ..., and messages as engines are handed them.

Signatures are not checked by consensus, so they are stand-ins of the right size here; the guard's and the commit's tests use real ones.
"""

from __future__ import annotations

from hashlib import sha256

from gridnode.chain.genesis import ChainParams
from gridnode.chain.validators import Validator, ValidatorSet, drawn, validator_set
from gridnode.chain.vote import NO_ROUND, Proposal, Vote, VoteKind
from gridnode.consensus.inputs import StartHeight
from gridnode.primitives.ids import NO_HASH, Address, Hash, PublicKey, Signature
from gridnode.primitives.units import DurationMs, Height, Power, Round

CHAIN = "net-1"
PARAMS = ChainParams(
    block_interval_ms=DurationMs(20),
    heartbeat_ms=DurationMs(400),
    propose_timeout_ms=DurationMs(300),
    vote_timeout_ms=DurationMs(150),
    timeout_step_ms=DurationMs(100),
    timeout_cap_ms=DurationMs(3_000),
    max_block_bytes=65_536,
    max_block_transactions=100,
    max_block_messages=256,
)


def address(index: int) -> Address:
    """Address of the `index`-th validator."""
    return Address(bytes([index + 1]) * 20)


def validators(powers: list[int]) -> ValidatorSet:
    """Validators v0, v1, ... with these powers."""
    members = [
        Validator(f"v{i}", address(i), PublicKey(bytes([i + 1]) * 32), Power(power), address(i))
        for i, power in enumerate(powers)
    ]
    return validator_set(members)


def order_of(validators: ValidatorSet, height: int) -> tuple[Address, ...]:
    """An order of proposers: drawn by power, another one for each height."""
    seed, left, order = CHAIN.encode() + height.to_bytes(8, "big"), list(validators.members), []
    for number in range(len(left)):
        order.append(left.pop(drawn(seed, number, [member.power for member in left])).address)
    return tuple(order)


def start(height: int, validators: ValidatorSet, may_sign: bool = True) -> StartHeight:
    """Begins a height with that order."""
    return StartHeight(Height(height), validators, order_of(validators, height), may_sign)


def signature_of(signer: Address, content: bytes) -> Signature:
    """A stand-in of 64 bytes: engines are handed messages whose signatures were checked."""
    return Signature(sha256(signer + content).digest() * 2)


def block(name: str) -> Hash:
    """Hash of the block that a test calls `name`; nil for `nil`."""
    return NO_HASH if name == "nil" else Hash(sha256(name.encode()).digest())


def vote(kind: VoteKind, sender: int, round_: int, block_hash: Hash, height: int = 1) -> Vote:
    """A vote of the `sender`-th validator."""
    content = f"{kind} {height} {round_}".encode() + block_hash
    signature = signature_of(address(sender), content)
    return Vote(kind, Height(height), Round(round_), block_hash, address(sender), signature)


def proposal(sender: Address, round_: int, block_hash: Hash, valid_round: int = NO_ROUND, height: int = 1) -> Proposal:
    """A proposal of the validator with this address."""
    signature = signature_of(sender, f"{height} {round_} {valid_round}".encode() + block_hash)
    return Proposal(Height(height), Round(round_), Round(valid_round), block_hash, sender, signature)
