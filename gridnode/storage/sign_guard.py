"""The sign guard: a validator's last signature is on disk before it exists anywhere else, so that no crash makes it sign twice.

One small file holds what was signed last: height, round, step, the 32 bytes that the signature covers, the signature. A request is
answered in one of three ways: higher in (height, round, step) than the last one, it is recorded and signed; the same in all, the
remembered signature is returned; anything else is refused. Steps of a round in order: proposal, prevote, precommit.

The record is replaced whole: written to a second file, synced, renamed over the first, directory synced. Whenever the process dies, the
file is the old record or the new one. A file that cannot be read is an `OperatorError` and never taken for an empty one: a guard
that forgets is worse than a validator that stands still. A key copied to a second machine without its guard file has no guard.

`raise_to` makes the guard refuse everything up to a height, for one that was lost: it signs, for itself alone, nil in the last
round of that height, which nothing of the height comes after. Besides votes and proposals the key signs one kind of transaction, which is
built here from its few fields: the message that takes the validator's signing lease.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, NamedTuple

from gridnode.chain.kinds import to_message
from gridnode.chain.transaction import TransactionBody, sign_transaction
from gridnode.chain.vote import NO_ROUND, ROUND_OR_NONE, Proposal, Vote, VoteKind, proposal_hash, vote_hash
from gridnode.codec.fields import HASH, HASH_OR_NIL, NAME, SIGNATURE, U64, Choice
from gridnode.codec.records import decode, encode, record
from gridnode.crypto.address import address_of
from gridnode.crypto.hashing import Tag
from gridnode.crypto.keys import KeyPair, verify
from gridnode.modules.validators.lease import TakeLease
from gridnode.primitives.errors import Malformed, OperatorError
from gridnode.primitives.ids import NO_HASH, Address, Hash, PublicKey, Signature
from gridnode.primitives.limits import MAX_ROUND
from gridnode.primitives.units import Height, Round, TimeMs
from gridnode.storage.files import DISK, Files

_CHECK = Tag("gridnode/sign-guard")
_CHECK_BYTES = 32


class SignStep(IntEnum):
    """What is signed in a round, in order."""

    PROPOSAL = 1
    PREVOTE = 2
    PRECOMMIT = 3


@record
class LastSigned:
    """What a validator signed last."""

    chain_id: Annotated[str, NAME]  # a record of another chain is refused
    height: Annotated[Height, U64]
    round: Annotated[Round, ROUND_OR_NONE]
    step: Annotated[SignStep, Choice(SignStep)]
    valid_round: Annotated[Round, ROUND_OR_NONE]  # of a proposal; -1 for a vote
    block_hash: Annotated[Hash, HASH_OR_NIL]
    signed: Annotated[Hash, HASH]  # the 32 bytes that the signature covers
    signature: Annotated[Signature, SIGNATURE]

    @property
    def is_floor(self) -> bool:
        """Whether it stands for a height that was given up, not for something that was said."""
        return self.round == MAX_ROUND and self.step is SignStep.PRECOMMIT and not self.block_hash

    def is_of(self, key: PublicKey) -> bool:
        """Whether this key has signed what the record says: a record is its validator's and nobody else's."""
        at, block_hash = (self.chain_id, self.height, self.round), self.block_hash
        if self.step is SignStep.PROPOSAL:
            signed = proposal_hash(*at, self.valid_round, block_hash) if block_hash else b""
        else:
            kind = VoteKind.PREVOTE if self.step is SignStep.PREVOTE else VoteKind.PRECOMMIT
            signed = vote_hash(self.chain_id, kind, self.height, self.round, block_hash)
        return signed == self.signed and verify(key, self.signed, self.signature)


class LeaseWish(NamedTuple):
    """What stands in a transaction that takes the validator's signing lease."""

    machine: PublicKey  # node key of the machine that shall sign
    epoch: int  # one above the present one
    valid_until_ms: TimeMs  # chain time from which on the transaction is refused
    salt: int  # tells it apart from another like it


class Refused(NamedTuple):
    """The guard's no: nothing was signed."""

    reason: str  # for the log


class Wish(NamedTuple):
    """What shall be signed, of which height, round and step."""

    height: int
    round: int
    step: SignStep
    signed: bytes  # the 32 bytes that the signature covers


def judge(last: LastSigned | None, wish: Wish) -> Signature | Refused | None:
    """The rule: the remembered signature for the same wish, a refusal, or None for a wish that may be signed."""
    if last is None:
        return None
    at, then = (wish.height, wish.round, wish.step), (last.height, last.round, last.step)
    if at > then:
        return None
    if at == then and wish.signed == last.signed:
        return last.signature
    what = "another one of the same step is signed" if at == then else "a later one is signed"
    return Refused(f"{_name(*at)} is refused: {what} ({_name(*then)}, block {last.block_hash.hex()[:16] or 'nil'})")


def _name(height: int, round_: int, step: SignStep) -> str:
    return f"{step.name.lower()} at height {height} round {round_}"


class SignGuard:
    """A consensus key that cannot sign twice. One process may hold it; the node locks its data directory."""

    def __init__(self, path: Path, chain_id: str, keys: KeyPair, files: Files = DISK) -> None:
        """Open the guard's file at `path` of `files`, or start without one when there is none.

        Raises OperatorError when the file is damaged, of another chain, or cannot be read.
        """
        self.public_key = keys.public_key
        self.address = address_of(keys.public_key)
        self._path = path
        self._files = files
        self._chain_id = chain_id
        self._keys = keys
        self._last = _read(files, path)
        if self._last is not None and self._last.chain_id != chain_id:
            raise OperatorError(f"{path}: expected the sign guard of chain {chain_id}, got {self._last.chain_id}")

    @property
    def last(self) -> LastSigned | None:
        """What was signed last; None when nothing ever was."""
        return self._last

    def last_message(self) -> Vote | Proposal | None:
        """What was signed last, as it was sent: for the replay of the consensus log, which must lead to it."""
        return None if self._last is None else message_of(self._last, self.address)

    def sign_vote(self, kind: VoteKind, height: Height, round_: Round, block_hash: Hash) -> Vote | Refused:
        """The vote, signed; or why not. Its record is on disk when this returns. Raises OperatorError when the disk fails."""
        step = SignStep.PREVOTE if kind is VoteKind.PREVOTE else SignStep.PRECOMMIT
        wish = Wish(height, round_, step, vote_hash(self._chain_id, kind, height, round_, block_hash))
        signature = self._sign(wish, NO_ROUND, block_hash)
        if isinstance(signature, Refused):
            return signature
        return Vote(kind, height, round_, block_hash, self.address, signature)

    def sign_proposal(self, height: Height, round_: Round, valid_round: Round, block_hash: Hash) -> Proposal | Refused:
        """The proposal, signed; or why not. Its record is on disk when this returns. Raises OperatorError when the disk fails."""
        signed = proposal_hash(self._chain_id, height, round_, valid_round, block_hash)
        signature = self._sign(Wish(height, round_, SignStep.PROPOSAL, signed), valid_round, block_hash)
        if isinstance(signature, Refused):
            return signature
        return Proposal(height, round_, valid_round, block_hash, self.address, signature)

    def raise_to(self, height: Height) -> Refused | None:
        """Sign nothing of `height` and below any more; None when that is on disk. Raises OperatorError when the disk fails."""
        signed = vote_hash(self._chain_id, VoteKind.PRECOMMIT, height, MAX_ROUND, NO_HASH)
        made = self._sign(Wish(height, MAX_ROUND, SignStep.PRECOMMIT, signed), NO_ROUND, NO_HASH)
        return made if isinstance(made, Refused) else None

    def take_lease(self, wish: LeaseWish) -> bytes:
        """The signed transaction that takes the validator's lease for a machine. Raises Malformed when a field is out of bounds."""
        message = to_message(TakeLease(self.address, wish.machine, wish.epoch))
        body = TransactionBody(self._chain_id, self.public_key, wish.valid_until_ms, wish.salt, (message,))
        return sign_transaction(body, self._keys)

    def _sign(self, wish: Wish, valid_round: Round, block_hash: Hash) -> Signature | Refused:
        verdict = judge(self._last, wish)
        if verdict is not None:
            return verdict
        signature = self._keys.sign(wish.signed)
        new = LastSigned(
            self._chain_id,
            Height(wish.height),
            Round(wish.round),
            wish.step,
            valid_round,
            block_hash,
            Hash(wish.signed),
            signature,
        )
        _write(self._files, self._path, encode(new))
        self._last = new
        return signature


def message_of(last: LastSigned, author: Address) -> Vote | Proposal:
    """The message that a record remembers, as it was sent."""
    if last.step is SignStep.PROPOSAL:
        return Proposal(last.height, last.round, last.valid_round, last.block_hash, author, last.signature)
    kind = VoteKind.PREVOTE if last.step is SignStep.PREVOTE else VoteKind.PRECOMMIT
    return Vote(kind, last.height, last.round, last.block_hash, author, last.signature)


def last_signed(path: Path, files: Files = DISK) -> LastSigned | None:
    """What the guard in this file remembers, for those who look at it; None when there is none. Raises OperatorError when it is damaged."""
    return _read(files, path)


def _read(files: Files, path: Path) -> LastSigned | None:
    try:
        data = files.read(path)
        files.sync_names(path.parent)  # whoever renamed it may have died before that was durable, and it is answered from now on
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OperatorError(f"{path}: the sign guard cannot be read: {error.strerror}") from None
    body, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
    damaged = f"{path}: the sign guard is damaged; restore it from the last backup or wait it out, never delete it"
    if _CHECK.hash(body) != check:
        raise OperatorError(damaged)
    try:
        return decode(LastSigned, body)
    except Malformed:
        raise OperatorError(damaged) from None


@lru_cache(maxsize=16)  # a guard writes at each vote, always there
def _around(path: Path) -> tuple[Path, Path]:
    """The file that is written before it takes the place of `path`, and the folder of both."""
    return path.with_suffix(".new"), path.parent


def _write(files: Files, path: Path, body: bytes) -> None:
    """Replace the file at once: whole old or whole new, and on disk."""
    beside, folder = _around(path)
    data = body + _CHECK.hash(body)
    try:
        file = files.overwrite(beside)
        try:
            while data:
                data = data[file.write(data) :]
            file.sync()
        finally:
            file.close()
        files.rename(beside, path)
        files.sync_names(folder)
    except OSError as error:
        raise OperatorError(f"{path}: the sign guard cannot be written: {error.strerror}") from None
