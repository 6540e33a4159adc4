"""What an audit found, and what it looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """What kind of thing is wrong. Names are for programs and stay."""

    ROOT = "root"  # the block's parts are not those that its header names
    CHAIN = "chain"  # the header does not follow on the block before, or is not final
    HISTORY = "history"  # the block tells something that cannot have happened in the market as it stood
    PHASE = "phase"  # a call phase started, or a gate closed, at the wrong time
    FILL = "fill"  # a continuous trade is not the one that the rules give
    ENDING = "ending"  # an order ended, or did not end, against its terms
    ROWS = "rows"  # orders of a call auction are not those that were open
    CLEARING = "clearing"  # prices, volumes and flows of a call auction are not its clearing
    AWARD = "award"  # trades of a call auction do not hand out what it accepted
    SUMMARY = "summary"  # the header's sums are not those of the trades


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    height: int
    """Block."""
    fault: Fault
    """Which kind."""
    text: str
    """What is wrong, and what was expected."""
    mtu: int | None = None
    """Delivery period, where it is about one."""
    order: int | None = None
    """Number of the order, where it is about one."""
    trade: int | None = None
    """Number of the trade, where it is about one."""

    def __str__(self) -> str:
        """One line: where, what kind, what."""
        places = [("MTU", self.mtu), ("order", self.order), ("trade", self.trade)]
        where = "".join(f", {name} {number}" for name, number in places if number is not None)
        return f"block {self.height}{where}: {self.fault}: {self.text}"


@dataclass(slots=True)
class Report:
    """What an audit looked at, and what it found."""

    blocks: int = 0
    """Blocks verified; those before them were only followed."""
    fills: int = 0
    """Continuous trades matched again."""
    endings: int = 0
    """Orders that ended by their terms or at gate closure."""
    auctions: int = 0
    """Call auctions whose certificate was checked."""
    awards: int = 0
    """Trades of call auctions checked."""
    findings: list[Finding] = field(default_factory=list)
    """What is wrong; empty when nothing is."""

    def __str__(self) -> str:
        """The verdict in one line."""
        if self.findings:
            return f"NOT verified: {len(self.findings)} findings"
        return f"verified: {self.fills} fills, {self.auctions} auctions"
