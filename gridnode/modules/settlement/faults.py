"""How the module's invariants say what they found."""

from __future__ import annotations

from typing import Final

from gridnode.primitives.errors import InvariantBroken

NAME: Final = "settlement"


def expect(what: str, got: int, expected: int) -> None:
    """Two figures that must be the same. Raises InvariantBroken naming both."""
    if got != expected:
        raise InvariantBroken(NAME, f"{what}: expected {expected}, got {got}")
