"""An audit of a chain's market: blocks go in one after the other from the first on, findings come out.

Every block is checked against its header, and followed: what its hook told must be what deadlines, phases, auctions and expiries give.
Continuous matching is done again in the blocks that are asked for; before them it is believed, and only counted along.
"""

from __future__ import annotations

from gridnode.audit.fills import Matcher
from gridnode.audit.findings import Fault, Finding, Report
from gridnode.audit.frame import Frame
from gridnode.audit.history import History
from gridnode.audit.hooks import Hook
from gridnode.audit.parts import check_final, check_link, check_parts, check_signatures
from gridnode.audit.reading import opening, read_block
from gridnode.audit.voters import Voters
from gridnode.chain.block import Header, header_hash
from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.chain.recorded import RecordedBlock
from gridnode.chain.validators import ValidatorSet
from gridnode.modules.grid.tables import GridGenesis
from gridnode.modules.market.tables import MarketGenesis
from gridnode.primitives.errors import Malformed


class Audit:
    """An audit from the first block on. It ends with the first block in which something is wrong: what follows rests on that."""

    def __init__(self, genesis: Genesis, first: int) -> None:
        """Blocks from height `first` on are verified, those before it followed. Raises Malformed when genesis does not decode."""
        self._first = first
        self._voters = Voters(genesis)
        frame = Frame(opening(genesis, "grid", GridGenesis), opening(genesis, "market", MarketGenesis))
        self._history = History(frame)
        self._matcher = Matcher(self._history)
        self._previous_hash, self._previous_ms = genesis_hash(genesis), genesis.time_ms
        self.height = 0
        """Of the last block that was taken."""
        self.report = Report()
        """What was verified, and what is wrong."""

    def lacks_voters(self, header: Header) -> bool:
        """Whether `take` has to be shown who votes on this block, for it is another set than that of the block before."""
        return self._voters.lacks(header)

    def take(self, recorded: RecordedBlock, shown: ValidatorSet | None = None) -> bool:
        """Take the next block; whether the audit can go on. `shown`: who votes on it, where that has changed; its hash is compared."""
        self.height += 1
        findings = self.report.findings
        header = recorded.block.header
        findings += check_link(header, self.height, self._previous_hash, self._previous_ms)
        findings += check_parts(recorded)
        findings += self._voters.follow(header, shown)
        if not findings:
            findings += check_final(recorded, self._voters.current)
        self._previous_hash, self._previous_ms = header_hash(header), header.time_ms
        if not findings:
            try:
                self._follow(recorded)
            except Malformed as fault:
                findings.append(Finding(self.height, Fault.ROOT, f"a record does not decode: {fault}"))
        return not findings

    def _follow(self, recorded: RecordedBlock) -> None:
        told = read_block(recorded)
        self.report.findings += [*check_signatures(told), *self._history.take_transactions(told)]
        if not self.report.findings:
            hook = Hook(self._history, self._matcher, told, self.report, self.height >= self._first)
            self.report.findings += hook.check()
