"""The call auctions of a single block, for a light client: what they cleared proves itself, whoever took part.

Whether everybody was let in who should have been, and whether room and wheeling of the lines are right, needs the blocks before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridnode.audit.findings import Fault, Finding, Report
from gridnode.audit.parts import check_final, check_parts
from gridnode.audit.reading import Told, opening, read_block
from gridnode.chain.clearing import ClearingSummary
from gridnode.chain.genesis import Genesis
from gridnode.chain.recorded import RecordedBlock
from gridnode.chain.validators import validators_hash
from gridnode.modules.grid.tables import GridGenesis
from gridnode.modules.market import certificate
from gridnode.modules.market.block_clearing import clearing_of, net_of, order_rows, rows_root
from gridnode.modules.market.events import AuctionHeld, AuctionRow, AuctionRows
from gridnode.modules.market.tables import Side
from gridnode.primitives.errors import Malformed


def check_certificates(recorded: RecordedBlock, genesis: Genesis) -> Report:
    """The report on the auctions of one block. Raises Malformed when genesis does not decode."""
    zones = [str(zone.name) for zone in opening(genesis, "grid", GridGenesis).zones]
    header, report = recorded.block.header, Report(blocks=1)
    report.findings += check_parts(recorded)
    if header.validators_hash == validators_hash(genesis.validators):  # of who else votes, a block alone has the hash only
        report.findings += check_final(recorded, genesis.validators)
    try:
        told = read_block(recorded)
    except Malformed as fault:
        report.findings.append(Finding(header.height, Fault.ROOT, f"a record does not decode: {fault}"))
        return report
    for summary in header.energy.clearings:
        report.auctions += 1
        report.findings += _check_auction(told, zones, summary)
    held = [event.mtu for event in told.hooks if isinstance(event, AuctionHeld)]
    if held != [summary.mtu for summary in header.energy.clearings]:
        report.findings.append(
            Finding(header.height, Fault.SUMMARY, f"auctions of MTUs {held} were held, the header tells of others")
        )
    return report


def _check_auction(told: Told, zones: Sequence[str], summary: ClearingSummary) -> Iterator[Finding]:
    height, mtu = told.header.height, summary.mtu
    rows = [
        row for event in told.hooks if isinstance(event, AuctionRows) and event.mtu == mtu for row in event.rows
    ]
    if (len(rows), rows_root(rows)) != (summary.orders, summary.orders_root):
        yield Finding(height, Fault.ROWS, "the rows are not those of orders_root", mtu)
        return
    if any(row.zone >= len(zones) for row in rows):
        yield Finding(height, Fault.ROWS, "a row is of a zone that genesis does not have", mtu)
        return
    for text in _wrong(rows, zones, summary):
        yield Finding(height, Fault.CLEARING, text, mtu)


def _wrong(rows: Sequence[AuctionRow], zones: Sequence[str], summary: ClearingSummary) -> Iterator[str]:
    try:
        yield from certificate.check(order_rows(zones, rows), net_of(summary), clearing_of(summary, rows))
    except ValueError as error:
        yield str(error)
    for zone in summary.zones:
        for side, told_wh in ((Side.OFFER, zone.sold_wh), (Side.BID, zone.bought_wh)):
            summed = sum(row.accepted_wh for row in rows if zones[row.zone] == zone.name and row.side is side)
            if summed != told_wh:
                yield f"the {side.name.lower()}s of {zone.name} are accepted with {summed} Wh, the header says {told_wh}"
