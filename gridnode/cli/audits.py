"""An audit run over the blocks of a node, or of a node's data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gridnode.audit.certificates import check_certificates
from gridnode.audit.findings import Fault, Finding, Report
from gridnode.audit.verify import Audit
from gridnode.chain.block import header_hash
from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.chain.recorded import RecordedBlock
from gridnode.chain.validators import ValidatorSet
from gridnode.cli.ask import with_remote
from gridnode.cli.recordings import remote_blocks, remote_genesis, remote_voters, stored_blocks, stored_chain
from gridnode.client.remote import Remote
from gridnode.primitives.errors import Malformed, OperatorError

TIMEOUT_S = 120.0
"""For one answer of up to 64 blocks."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be verified, as the command says."""

    first: int
    """First block."""
    last: int | None
    """Last block; None for the latest."""
    trusted_hash: bytes | None
    """Hash that the last block must have, or None."""
    certificates_only: bool
    """Whether only call auctions are checked, each block by itself."""

    @property
    def start(self) -> int:
        """First block to be read."""
        return self.first if self.certificates_only else 1


@dataclass(frozen=True, slots=True)
class Audited:
    """What came out."""

    report: Report
    """What was verified, and what is wrong."""
    genesis_hash: bytes
    """Of the genesis that the audit began with."""
    genesis_trusted: bool
    """Whether whoever asked gave it; else it is what the node says."""


def of_node(url: str, trusted: Genesis | None, asked: Asked) -> Audited:
    """What blocks say that a node hands out. Raises RemoteProblem."""

    async def conversation(remote: Remote) -> Audited:
        genesis = trusted or await remote_genesis(remote)
        last = asked.last or int((await remote.status())["height"])
        reading = Reading(genesis, asked, last)
        async for block in remote_blocks(remote, asked.start, last):
            voters = await remote_voters(remote, block.block.header.height) if reading.lacks_voters(block) else None
            if not reading.take(block, voters):
                break
        return Audited(reading.report, genesis_hash(genesis), trusted is not None)

    return with_remote(url, conversation, TIMEOUT_S)


def of_store(config: Path, trusted: Genesis | None, asked: Asked) -> Audited:
    """What blocks say of a node that does not run. Raises OperatorError when it has too few."""
    with stored_chain(config, trusted) as (genesis, store):
        last = asked.last or store.height
        if not asked.first <= last <= store.height:
            raise OperatorError(f"{config}: expected block {max(asked.first, last)}, the latest is {store.height}")
        reading = Reading(genesis, asked, last)
        for block in stored_blocks(store, asked.start, last):
            voters = store.validators(block.block.header.height) if reading.lacks_voters(block) else None
            if not reading.take(block, voters):
                break
        return Audited(reading.report, genesis_hash(genesis), trusted is not None)


class Reading:
    """Blocks that are read in order, and what is found in them."""

    def __init__(self, genesis: Genesis, asked: Asked, last: int) -> None:
        """`last` is the last block that will come. Raises OperatorError when the genesis does not decode."""
        self._genesis, self._asked, self._last = genesis, asked, last
        self.report = Report()
        try:
            self._audit = None if asked.certificates_only else Audit(genesis, asked.first)
        except Malformed as fault:
            raise OperatorError(str(fault)) from None
        if self._audit is not None:
            self.report = self._audit.report

    def lacks_voters(self, block: RecordedBlock) -> bool:
        """Whether `take` has to be shown who votes on this block."""
        return self._audit is not None and self._audit.lacks_voters(block.block.header)

    def take(self, block: RecordedBlock, voters: ValidatorSet | None) -> bool:
        """Take the next block; whether to go on."""
        if self._audit is not None:
            goes_on = self._audit.take(block, voters)
        else:
            one = check_certificates(block, self._genesis)
            self.report.blocks += one.blocks
            self.report.auctions += one.auctions
            self.report.findings += one.findings
            goes_on = not one.findings
        header, trusted = block.block.header, self._asked.trusted_hash
        if header.height == self._last and trusted not in (None, header_hash(header)):
            self.report.findings.append(Finding(header.height, Fault.CHAIN, "the block's hash is not the trusted one"))
        return goes_on
