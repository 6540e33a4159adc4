"""The first record of a guard: someone's word that a key has signed nothing above a height, without which an empty guard is a lost one.

A guard without a file cannot tell whether its key is new or its memory is gone, and nobody else can at the first height of a chain. So
whoever makes a key says that it is new: a file `key-is-new` in the node's data folder, or an option of the signer. The first start turns it
into the guard's first record and removes it, in this order, so the word is good once: a data folder that is lost takes both with it.

The record is a nil prevote of the last possible round of the height, signed for the guard alone and never sent. Unlike a floor, which is
what a node has found out for itself (`SignGuard.raise_to`), it is believed: the height is 0 for a new key, or what an operator knows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gridnode.chain.vote import VoteKind
from gridnode.crypto.keys import KeyPair
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import NO_HASH
from gridnode.primitives.limits import MAX_ROUND
from gridnode.primitives.units import Height, Round
from gridnode.storage.files import DISK
from gridnode.storage.sign_guard import Refused, SignGuard, last_signed

NEW_KEY_FILE: Final = "key-is-new"
"""In the data folder of a node whose key has never signed."""


def mark_new(data: Path) -> None:
    """Say that the key of the node with this data folder has never signed. Raises OperatorError when the disk refuses."""
    path = data / NEW_KEY_FILE
    try:
        path.touch(0o600)
        DISK.sync_names(data)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be written: {error.strerror}") from None


def is_marked_new(data: Path) -> bool:
    """Whether somebody has said so, and the guard has not yet begun."""
    return (data / NEW_KEY_FILE).exists()


def begin_marked(guard: SignGuard, data: Path) -> None:
    """Begin the guard of a key that is marked as new, and remove the mark. Raises OperatorError when the disk refuses."""
    if not is_marked_new(data):
        return
    if guard.last is None:
        _begin(guard, Height(0))
    forget_mark(data)


def forget_mark(data: Path) -> None:
    """Remove the mark, if there is one: the key is elsewhere. Raises OperatorError when the disk refuses."""
    path = data / NEW_KEY_FILE
    try:
        path.unlink(missing_ok=True)
        DISK.sync_names(data)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be removed: {error.strerror}") from None


def guard_above(path: Path, chain_id: str, keys: KeyPair, height: Height) -> SignGuard:
    """A guard that signs from the height after `height` on, on the word of whoever knows that nothing above it was signed.

    A floor, which stands for what is not known, is kept beside it as `.floor`.
    Raises OperatorError when there is a guard that remembers by itself, a damaged one, or the disk refuses.
    """
    last = last_signed(path)
    if last is not None and not last.is_floor:
        raise OperatorError(f"{path}: it remembers by itself what was signed, up to height {last.height}; nobody's word is needed")
    if last is not None and (last.chain_id != chain_id or not last.is_of(keys.public_key)):
        raise OperatorError(f"{path}: it is another key's or chain's and is not touched")
    if last is not None:
        path.rename(path.with_suffix(".floor"))
    guard = SignGuard(path, chain_id, keys)
    _begin(guard, height)
    return guard


def _begin(guard: SignGuard, height: Height) -> None:
    made = guard.sign_vote(VoteKind.PREVOTE, height, Round(MAX_ROUND), NO_HASH)
    if isinstance(made, Refused):
        raise OperatorError(f"the guard remembers more: {made.reason}")
