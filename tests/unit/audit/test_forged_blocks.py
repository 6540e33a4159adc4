"""Every single figure that a block tells of the market is checked: change one, and the audit names the block, the trade or the order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gridnode.audit.certificates import check_certificates
from gridnode.audit.findings import Fault, Report
from gridnode.audit.reading import read_block
from gridnode.chain.recorded import RecordedBlock
from gridnode.chain.transaction import SignedTransaction, transaction_id
from gridnode.codec.records import decode, encode
from gridnode.crypto.merkle import root
from gridnode.modules.market.events import (
    AuctionHeld,
    AuctionRows,
    CallStarted,
    OrderEnded,
    OrderExpired,
    PeriodClosed,
    Traded,
)
from gridnode.modules.market.messages import PlaceSheet, SheetEntry
from gridnode.modules.market.tables import Ending, Mode, Terms
from tests.energy_world import FIRST_MTU, MTU_MS, bid, offer
from tests.market_chain import MarketChain, audit
from tests.unit.audit.forging import block_with, sealed, with_energy, with_event, with_hooks

MTU = FIRST_MTU + 4
GATE_MS = MTU * MTU_MS - 1_000


def with_terms(entry: SheetEntry, terms: Terms, good_until_ms: int = 0) -> SheetEntry:
    """An entry with terms and a deadline."""
    return replace(entry, terms=terms, good_until_ms=good_until_ms)


@pytest.fixture(scope="module")
def chain() -> MarketChain:
    """Fills within and across zones, orders that end by terms and by date, and an auction over a full line."""
    made = MarketChain(mode=Mode.BOTH, call_ms=1_000, lines=(500, 60_000), open_ahead_mtus=8)
    now_ms = made.time_ms
    offers = (offer(MTU, 300, 2_000_000), offer(MTU, 400, 2_500_000))
    made.ok(("alice", PlaceSheet(1, "alice-point", offers)))
    made.ok(
        ("bob", PlaceSheet(1, "bob-point", (bid(MTU, 500, 4_000_000),))),
        ("carol", PlaceSheet(1, "carol-point", (bid(MTU, 100, 4_000_000), bid(MTU, 50, 1_000_000)))),
        ("dora", PlaceSheet(1, "dora-point", (with_terms(bid(MTU, 900, 4_500_000), Terms.IOC),))),
    )
    made.ok(("bob", PlaceSheet(2, "bob-point", (with_terms(bid(MTU, 90, 900_000), Terms.REST, now_ms + 600),))))
    made.block(after_ms=1_000)
    made.until(GATE_MS - 500)
    made.ok(
        ("alice", PlaceSheet(3, "alice-point", (offer(MTU, 700, 2_100_000),))),
        ("bob", PlaceSheet(3, "bob-point", (bid(MTU, 150, 4_100_000),))),
        ("carol", PlaceSheet(3, "carol-point", (bid(MTU, 800, 4_200_000),))),
        ("dora", PlaceSheet(3, "dora-point", (offer(MTU, 100, 3_000_000),))),
    )
    made.until(GATE_MS)
    made.until(GATE_MS + 500)
    return made


def test_what_happened_is_verified(chain: MarketChain) -> None:
    report = audit(chain.genesis, chain.recorded)
    assert report.findings == []
    assert (report.blocks, report.auctions) == (len(chain.recorded), 1)
    assert report.fills >= 3
    assert report.awards >= 2
    rents = [event.rent_micro for block in chain.recorded for event in read_block(block).hooks if isinstance(event, Traded)]
    assert max(rents) > 0, "the auction ought to have met a full line"


def report_of(chain: MarketChain, place: int, forged: RecordedBlock) -> Report:
    """The audit of the chain up to a forged block; those before it are only followed."""
    return audit(chain.genesis, [*chain.recorded[:place], forged], place + 1)


def changed(**fields: Any) -> Callable[[Any], Any]:
    """An event with other fields; a number is added to what the field has."""

    def change(event: Any) -> Any:
        new = {name: getattr(event, name) + by if isinstance(by, int) else by for name, by in fields.items()}
        return replace(event, **new)

    return change


CONTINUOUS = [
    (changed(price_micro=1), Fault.FILL, "price_micro: expected 2000000, got 2000001"),
    (changed(energy_wh=-1), Fault.FILL, "energy_wh: expected 300, got 299"),
    (changed(wheeling_micro=-1), Fault.FILL, "wheeling_micro"),
    (changed(rent_micro=1), Fault.FILL, "rent_micro: expected 0, got 1"),
    (changed(trade=1), Fault.FILL, "trade: expected 1, got 2"),
    (changed(buyer_order=1), Fault.FILL, "buyer_order: expected 3, got 4"),
    (changed(seller_order=1), Fault.FILL, "seller_order: expected 1, got 2"),
    (changed(buyer_point="carol-point"), Fault.FILL, "buyer_point: expected bob-point, got carol-point"),
    (changed(mtu=1), Fault.FILL, "mtu"),
    (lambda event: None, Fault.FILL, "expected 1, got 2"),
    (lambda event: [event, event], Fault.FILL, "expected 2, got 1"),
]


@pytest.mark.parametrize(("change", "fault", "text"), CONTINUOUS)
def test_a_forged_fill_is_named(chain: MarketChain, change: Callable[[Any], Any], fault: Fault, text: str) -> None:
    place = block_with(chain.recorded, Traded)
    (found,) = report_of(chain, place, with_event(chain.recorded[place], Traded, change)).findings
    assert (found.height, found.fault) == (place + 1, fault)
    assert found.trade is not None
    assert text in found.text


def test_fills_in_another_order_are_named(chain: MarketChain) -> None:
    place = block_with(chain.recorded, Traded)

    def swapped(told: list[Any]) -> list[Any]:
        trades = [event for event in told if isinstance(event, Traded)]
        first, second = (replace(trades[1], trade=trades[0].trade), replace(trades[0], trade=trades[1].trade))
        return [first, second, *[event for event in told if event not in trades[:2]]]

    (found,) = report_of(chain, place, with_hooks(chain.recorded[place], swapped)).findings
    assert found.fault is Fault.FILL
    assert "seller_order: expected 1, got 2" in found.text


def test_orders_end_as_their_terms_say(chain: MarketChain) -> None:
    place = block_with(chain.recorded, OrderEnded, lambda event: event.ending is Ending.IMMEDIATE)
    for change in (changed(remaining_wh=1), changed(ending=Ending.KILLED), lambda event: None):
        (found,) = report_of(chain, place, with_event(chain.recorded[place], OrderEnded, change)).findings
        assert (found.fault, found.order) == (Fault.ENDING, 6)
    place = block_with(chain.recorded, OrderEnded, lambda event: event.ending is Ending.DATE)
    (found,) = report_of(chain, place, with_event(chain.recorded[place], OrderEnded, lambda event: None)).findings
    assert (found.fault, found.order) == (Fault.ENDING, 7)


@pytest.mark.parametrize(
    ("cls", "change", "fault"),
    [
        (CallStarted, lambda event: None, Fault.PHASE),
        (CallStarted, changed(mtu=1), Fault.PHASE),
        (PeriodClosed, lambda event: None, Fault.PHASE),
        (OrderExpired, changed(remaining_wh=-1), Fault.ENDING),
        (OrderExpired, changed(order=1), Fault.ENDING),
        (OrderExpired, lambda event: None, Fault.ENDING),
        (AuctionHeld, changed(value=1), Fault.CLEARING),
        (AuctionHeld, changed(rent=1), Fault.CLEARING),
        (AuctionHeld, changed(volume_wh=1), Fault.CLEARING),
        (AuctionHeld, changed(orders=1), Fault.CLEARING),
    ],
)
def test_forged_phases_and_sums_are_named(
    chain: MarketChain, cls: type[Any], change: Callable[[Any], Any], fault: Fault
) -> None:
    place = block_with(chain.recorded, cls)
    (found,) = report_of(chain, place, with_event(chain.recorded[place], cls, change)).findings
    assert (found.height, found.fault, found.mtu is not None) == (place + 1, fault, True)


@pytest.mark.parametrize(
    "change",
    [changed(price_micro=1), changed(wheeling_micro=1), changed(rent_micro=1), changed(energy_wh=-1), changed(path=1)],
)
def test_a_forged_trade_of_an_auction_is_named(chain: MarketChain, change: Callable[[Any], Any]) -> None:
    place = block_with(chain.recorded, Traded, lambda event: event.path > 0)
    (found,) = report_of(chain, place, with_event(chain.recorded[place], Traded, change)).findings
    assert (found.fault, found.trade is not None) == (Fault.AWARD, True)


def row_changed(at: int, **fields: int) -> Callable[[AuctionRows], AuctionRows]:
    """Rows of an auction with figures of one added to."""

    def change(event: AuctionRows) -> AuctionRows:
        row = replace(event.rows[at], **{name: getattr(event.rows[at], name) + by for name, by in fields.items()})
        return replace(event, rows=(*event.rows[:at], row, *event.rows[at + 1 :]))

    return change


@pytest.mark.parametrize("field", ["limit_micro", "energy_wh", "accepted_wh", "zone", "order"])
@pytest.mark.parametrize("at", [0, 1])
def test_a_forged_row_is_named(chain: MarketChain, at: int, field: str) -> None:
    """Whoever changes a row must change the root in the header, and is told what history or the certificate says."""
    place = block_with(chain.recorded, AuctionRows)
    forged = with_event(chain.recorded[place], AuctionRows, row_changed(at, **{field: 1}))
    report = report_of(chain, place, forged)
    assert report.findings
    assert {found.fault for found in report.findings} <= {Fault.ROWS, Fault.CLEARING, Fault.SUMMARY}


def test_an_order_that_is_left_out_is_named(chain: MarketChain) -> None:
    place = block_with(chain.recorded, AuctionRows)
    forged = with_event(
        chain.recorded[place], AuctionRows, lambda event: replace(event, rows=event.rows[1:])
    )
    assert report_of(chain, place, forged).findings


SUMMARIES: list[tuple[str, Callable[[Any], Any]]] = [
    ("zones", lambda one: replace(one, zones=(replace(one.zones[0], price_micro=one.zones[0].price_micro + 1), *one.zones[1:]))),
    ("zones", lambda one: replace(one, zones=(replace(one.zones[0], sold_wh=one.zones[0].sold_wh + 1), *one.zones[1:]))),
    ("lines", lambda one: replace(one, lines=(replace(one.lines[0], flow_wh=one.lines[0].flow_wh + 1), *one.lines[1:]))),
    ("lines", lambda one: replace(one, lines=(replace(one.lines[0], room_wh=one.lines[0].room_wh + 1), *one.lines[1:]))),
    ("lines", lambda one: replace(one, lines=(replace(one.lines[0], wheeling_micro=1), *one.lines[1:]))),
    ("orders", lambda one: replace(one, orders=one.orders + 1)),
    ("orders_root", lambda one: replace(one, orders_root=bytes(32))),
    ("mtu", lambda one: replace(one, mtu=one.mtu + 1)),
]


@pytest.mark.parametrize(("field", "change"), SUMMARIES)
def test_a_forged_certificate_is_named(chain: MarketChain, field: str, change: Callable[[Any], Any]) -> None:
    """Prices, volumes, flows, room, wheeling and root in the header: each is proven or recomputed."""
    place = block_with(chain.recorded, AuctionHeld)
    forged = with_energy(
        chain.recorded[place], lambda energy: replace(energy, clearings=tuple(map(change, energy.clearings)))
    )
    report = report_of(chain, place, forged)
    assert report.findings, field
    assert {found.fault for found in report.findings} <= {Fault.SUMMARY, Fault.CLEARING}
    assert all(found.mtu is not None or "auctions" in found.text for found in report.findings)


def test_sums_of_the_header_are_checked(chain: MarketChain) -> None:
    place = block_with(chain.recorded, Traded)
    forged = with_energy(chain.recorded[place], lambda energy: replace(energy, traded_wh=energy.traded_wh + 1))
    (found,) = report_of(chain, place, forged).findings
    assert found.fault is Fault.SUMMARY
    place = block_with(chain.recorded, AuctionHeld)
    forged = with_energy(chain.recorded[place], lambda energy: replace(energy, clearings=()))
    assert [found.fault for found in report_of(chain, place, forged).findings]


def test_a_block_whose_parts_are_others_is_named(chain: MarketChain) -> None:
    """Without new seals a changed receipt, transaction or header shows by its root, link or signature."""
    place = block_with(chain.recorded, Traded)
    block = chain.recorded[place]
    hooks = block.receipts[-1]
    for forged, word in (
        (replace(block, receipts=(*block.receipts[:-1], replace(hooks, events=hooks.events[1:]))), "receipts_root"),
        (replace(block, receipts=block.receipts[1:]), "receipts_root"),
        (replace(block, block=replace(block.block, transactions=block.block.transactions[1:])), "transactions_root"),
        (replace(block, commit=chain.recorded[place - 1].commit), "not final"),
        (replace(block, block=replace(block.block, last_commit=block.commit)), "last_commit_hash"),
        (sealed(replace(block, block=replace(block.block, header=replace(block.block.header, previous_hash=bytes(32))))), "previous_hash"),
    ):
        findings = report_of(chain, place, forged).findings
        assert word in " ".join(found.text for found in findings)
        assert {found.fault for found in findings} <= {Fault.ROOT, Fault.CHAIN}
    (found,) = audit(chain.genesis, chain.recorded[1:]).findings[:1]
    assert found.fault is Fault.CHAIN


def test_an_order_that_its_sender_did_not_sign_is_named(chain: MarketChain) -> None:
    """Validators who agree on it can put anybody's sheet into a block, but not his signature under it."""
    place = block_with(chain.recorded, Traded)
    block = chain.recorded[place]
    raw = block.block.transactions[0]
    signed = decode(SignedTransaction, raw)
    forged = encode(replace(signed, signature=bytes(64)))
    transactions = (forged, *block.block.transactions[1:])
    receipts = (replace(block.receipts[0], transaction_id=transaction_id(forged)), *block.receipts[1:])
    header = replace(block.block.header, transactions_root=root([transaction_id(one) for one in transactions]))
    changed_block = replace(block.block, transactions=transactions, header=header)
    (found,) = report_of(chain, place, sealed(RecordedBlock(changed_block, block.commit, receipts))).findings
    assert "market.place_sheet does not bear its sender's signature" in found.text


def test_certificates_prove_themselves_without_history(chain: MarketChain) -> None:
    """What one block can prove alone: the rows are those of the root, and prices and flows are their clearing.

    Room and wheeling of a line that is not used are no part of that: they follow from the blocks before.
    """
    place = block_with(chain.recorded, AuctionHeld)
    block = chain.recorded[place]
    assert check_certificates(block, chain.genesis).findings == []
    assert check_certificates(block, chain.genesis).auctions == 1
    for field, change in (*SUMMARIES[:3], *SUMMARIES[5:]):
        clearings = tuple(map(change, block.block.header.energy.clearings))
        forged = with_energy(block, lambda energy, told=clearings: replace(energy, clearings=told))
        assert check_certificates(forged, chain.genesis).findings, field
    for at, field in ((0, "accepted_wh"), (1, "limit_micro")):
        forged = with_event(block, AuctionRows, row_changed(at, **{field: 1}))
        assert [found.fault for found in check_certificates(forged, chain.genesis).findings] == [Fault.ROWS]
