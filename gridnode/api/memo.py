"""What is dear to find out is found out once a height, however many ask: the state of a height never changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from gridnode.primitives.limits import MAX_REMEMBERED

T = TypeVar("T")


class Memo:
    """Parts of answers about one height, the one that was asked about last; at most MAX_REMEMBERED.

    Threads share it: height and parts change together, and who still works on another height writes to that height's parts.
    """

    def __init__(self) -> None:
        self._kept: tuple[int, dict[Hashable, Any]] = (-1, {})

    def once(self, height: int, key: Hashable, find: Callable[[], T]) -> T:
        """What `find` returns for this height; called when it is not known."""
        known, parts = self._kept
        if known != height:
            parts = {}
            self._kept = height, parts
        if key in parts:
            found: T = parts[key]
            return found
        if len(parts) >= MAX_REMEMBERED:
            parts.clear()
        found = parts[key] = find()
        return found
