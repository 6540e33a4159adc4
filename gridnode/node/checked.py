"""Signatures of consensus messages that were found valid, so that hearing one again costs a look instead of a verification.

Everybody repeats votes until a height is decided, and a peer may repeat them as fast as it is allowed to. Only valid ones are
remembered: what is wrong is blamed on whoever flooded it, so nobody fills this with rubbish.
"""

from __future__ import annotations

from collections.abc import Callable

from gridnode.primitives.limits import MAX_CHECKED_SIGNATURES

Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, message, signature) -> whether it is valid."""


class CheckedSignatures:
    """The latest MAX_CHECKED_SIGNATURES valid signatures."""

    def __init__(self, verify: Verify) -> None:
        self._verify = verify
        self._valid: dict[tuple[bytes, bytes, bytes], None] = {}
        self.verified = 0
        """Signatures that had to be verified."""

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is the Ed25519 signature of `message`."""
        name = (public_key, message, signature)
        if name in self._valid:
            return True
        self.verified += 1
        if not self._verify(public_key, message, signature):
            return False
        self._valid[name] = None
        if len(self._valid) > MAX_CHECKED_SIGNATURES:
            del self._valid[next(iter(self._valid))]
        return True
