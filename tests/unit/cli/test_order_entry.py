"""Orders as people write them become the entries of a sheet; what is wrong is told in one line with its row and field."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gridnode.cli.body import message
from gridnode.cli.order_entry import entries_of_file, entry
from gridnode.codec.records import from_json
from gridnode.crypto.address import encode_address
from gridnode.modules.market.messages import PlaceSheet, SheetEntry
from gridnode.modules.market.sources import ANY_SOURCE, source_bit
from gridnode.modules.market.tables import Preference, Side, Terms
from gridnode.modules.registry.tables import Source
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.limits import MAX_SHEET_ORDERS

PARTNER = bytes(range(20))
SOLAR, WIND = source_bit(Source.SOLAR), source_bit(Source.WIND)
OFFER = {"mtu": "7", "side": "offer", "energy_wh": "500", "limit": "3.25", "sources": "solar"}
BID = {"mtu": "8", "side": "bid", "energy_wh": "100", "limit": "4"}


def made(row: dict[str, str]) -> SheetEntry:
    """The record of a row."""
    found = from_json(SheetEntry, entry(row))
    assert isinstance(found, SheetEntry)
    return found


def test_the_plainest_orders() -> None:
    assert made(OFFER) == SheetEntry(7, Side.OFFER, 500, 3_250_000, SOLAR)
    assert made(BID) == SheetEntry(8, Side.BID, 100, 4_000_000, ANY_SOURCE)


@pytest.mark.parametrize("terms", list(Terms))
def test_terms(terms: Terms) -> None:
    limit = "" if terms is Terms.MARKET else "4"
    found = made(BID | {"terms": terms.name.lower(), "limit": limit})
    assert (found.terms, found.limit_micro) == (terms, 4_000_000 if limit else 0)


def test_sources() -> None:
    assert made(BID | {"sources": "solar+wind"}).sources == SOLAR | WIND
    assert made(BID | {"sources": "none"}).sources == 0


def test_preferences_keep_their_order() -> None:
    partner = encode_address(PARTNER)
    found = made(BID | {"prefer": f"{partner}|solar+wind|{partner}:solar"})
    assert found.preferences == (Preference(PARTNER, 0), Preference(b"", SOLAR | WIND), Preference(PARTNER, SOLAR))
    assert made(BID).preferences == ()


@pytest.mark.parametrize("text", ["2026-01-05T12:00+07:00", "2026-01-05T05:00:00Z", "1767589200000"])
def test_deadlines(text: str) -> None:
    expected = int(datetime(2026, 1, 5, 5, tzinfo=UTC).timestamp()) * 1000
    assert made(BID | {"good_until": text}).good_until_ms == expected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"side": "buy"}, "side: expected one of bid, offer, got 'buy'"),
        ({"side": ""}, "side: expected one of bid, offer"),
        ({"terms": "gtc"}, "terms: expected one of rest, ioc, fok, post_only, market, auction, got 'gtc'"),
        ({"mtu": "x"}, "mtu: expected a whole number, got 'x'"),
        ({"energy_wh": "-1"}, "energy_wh: expected a whole number"),
        ({"limit": ""}, "limit: expected THB per kWh such as 3.25, got ''"),
        ({"limit": "1e3"}, "price: expected a decimal number"),
        ({"terms": "market"}, "limit: expected nothing of a market order, got '3.25'"),
        ({"sources": ""}, "sources: expected the one source of an offer"),
        ({"sources": "solar+wind"}, "sources: expected the one source of an offer"),
        ({"sources": "coal"}, "source: expected one of grid, solar"),
        ({"good_until": "tomorrow"}, "good_until: expected unix ms or a time"),
        ({"good_until": "2026-01-05T12:00"}, "good_until: expected unix ms or a time with its zone"),
        ({"prefer": "coal"}, "source: expected one of"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, str], words: str) -> None:
    with pytest.raises(OperatorError) as caught:
        entry(OFFER | change)
    assert words in str(caught.value)


@pytest.mark.parametrize("prefer", ["grid1x", "me:solar"])
def test_a_partner_that_is_no_address_is_refused_with_the_message(prefer: str) -> None:
    body = {"sheet_id": 1, "point": "p", "entries": [entry(OFFER | {"prefer": prefer})]}
    with pytest.raises(OperatorError, match=r"market.place_sheet: entries.*partner"):
        message("market.place_sheet", body)


def test_a_sheet_from_csv_and_the_same_from_json(tmp_path: Path) -> None:
    table, objects = tmp_path / "sheet.csv", tmp_path / "sheet.json"
    table.write_text("mtu,side, energy_wh,limit,sources,terms\n7,offer,500,3.25,solar,\n8,bid, 100,,,market\n")
    objects.write_text(json.dumps([OFFER | {"mtu": 7}, {"mtu": 8, "side": "bid", "energy_wh": 100, "terms": "market"}]))
    entries = entries_of_file(table)
    assert entries == entries_of_file(objects)
    sheet = message("market.place_sheet", {"sheet_id": 1, "point": "p", "entries": entries})
    assert isinstance(sheet, PlaceSheet)
    assert [one.terms for one in sheet.entries] == [Terms.REST, Terms.MARKET]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "mtu,side,energy_wh,limit,colour\n7,bid,1,2,red\n", "row 1: 'colour': no such field; expected some of mtu, side"),
        ("a.csv", "mtu,side,energy_wh,limit\n7,bid,1,2\n7,bid,x,2\n", "row 2: energy_wh: expected a whole number, got 'x'"),
        ("a.csv", "mtu,side,energy_wh,limit\n7,bid,1,2,3\n", "row 1: '': no such field"),
        ("a.csv", "mtu,side,energy_wh,limit\n7,bid\n", "row 1: limit: expected THB per kWh"),
        ("a.csv", 'mtu,side\n"7', "a.csv: unexpected end of data"),
        ("a.csv", "", "expected 1 to 96 orders, got 0"),
        ("a.json", "{", "expected a list of objects"),
        ("a.json", '[{"mtu": 1.5}]', "expected a list of objects with texts and whole numbers"),
        ("a.json", "[]", f"expected 1 to {MAX_SHEET_ORDERS} orders, got 0"),
        ("a.json", json.dumps([BID] * 97), "got 97"),
    ],
)
def test_wrong_files(tmp_path: Path, name: str, content: str, words: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(OperatorError) as caught:
        entries_of_file(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_no_such_file() -> None:
    with pytest.raises(OperatorError, match=r"none.csv: no such file; expected the CSV or JSON file"):
        entries_of_file(Path("none.csv"))


def test_every_order_is_told_apart_from_every_other() -> None:
    """One changed field is one changed field of the entry."""
    base: dict[str, Any] = entry(OFFER)
    for change, field in ({"limit": "3"}, "limit_micro"), ({"mtu": "9"}, "mtu"), ({"good_until": "5"}, "good_until_ms"):
        other = entry(OFFER | change)
        assert [name for name in base if base[name] != other[name]] == [field]
