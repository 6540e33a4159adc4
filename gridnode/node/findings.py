"""What a checkup finds: a verdict, what is wrong, and the one thing to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What a finding means for a start."""

    OK = "ok"
    WARNING = "warning"  # the node starts; it may only listen for a while
    REFUSE = "refuse"  # the node does not start


class Finding(NamedTuple):
    """One thing that was looked at."""

    verdict: Verdict
    check: str  # which, in a word or two
    what: str  # what was found
    do: str = ""  # what the operator should do; empty when nothing

    @property
    def line(self) -> str:
        """All of it in one line."""
        return f"{self.check}: {self.what}{'; ' if self.do else ''}{self.do}"


def ok(check: str, what: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, check, what)


def warning(check: str, what: str, do: str = "") -> Finding:
    """The node starts all the same."""
    return Finding(Verdict.WARNING, check, what, do)


def refusal(check: str, what: str, do: str = "") -> Finding:
    """The node does not start."""
    return Finding(Verdict.REFUSE, check, what, do)
