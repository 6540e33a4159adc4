"""`Violation`: a promise that did not hold."""

from __future__ import annotations


class Violation(Exception):
    """Which promise, and what happened. Not an error of gridnode's own kinds: nothing in the node may catch it."""

    def __init__(self, promise: str, what: str) -> None:
        super().__init__(f"{promise}: {what}")
        self.promise = promise
        self.what = what
