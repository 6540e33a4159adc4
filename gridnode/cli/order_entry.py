"""Orders as people write them, by name and in whole units, as entries of a sheet: from options, or from a CSV or JSON file.

A row has these fields, all text; those that are absent or empty have their default:

    mtu         market time unit of delivery
    side        bid or offer
    energy_wh   Wh
    limit       THB per kWh such as 3.25; nothing for a market order
    sources     of an offer its one source; of a bid all that it accepts, `solar+wind`: any unless told; `none` for preferred ones only
    terms       rest, ioc, fok, post_only, market or auction; rest unless told
    good_until  unix ms, or a time such as 2026-01-05T12:00+07:00; the gate closure unless told
    prefer      whom to try first, in this order: `grid1...|solar+wind|grid1...:solar`, a partner, sources, a partner's energy of sources
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from gridnode.cli.body import price, sources
from gridnode.modules.market.tables import Side, Terms
from gridnode.node.config import read_text
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.limits import MAX_SHEET_ORDERS

FIELDS: Final = ("mtu", "side", "energy_wh", "limit", "sources", "terms", "good_until", "prefer")
OF_SOURCES: Final = "+"
OF_PREFERENCES: Final = "|"
OF_A_PARTNER: Final = ":"
NO_SOURCES: Final = "none"


def entry(row: Mapping[str, str]) -> dict[str, Any]:
    """JSON of a sheet's entry. Raises OperatorError naming the field and what was expected."""
    side = _choice(row, "side", [side.name.lower() for side in Side])
    terms = _choice(row, "terms", [terms.name.lower() for terms in Terms], "rest")
    limit, prefer = row.get("limit", ""), row.get("prefer", "")
    if bool(limit) is (terms == "market"):
        raise OperatorError(f"limit: expected {'nothing of a market order' if limit else 'THB per kWh such as 3.25'}, got {limit!r}")
    return {
        "mtu": _number(row, "mtu"),
        "side": side,
        "energy_wh": _number(row, "energy_wh"),
        "limit_micro": price(limit) if limit else 0,
        "sources": _sources(side, row.get("sources", "")),
        "terms": terms,
        "good_until_ms": _time_ms(row.get("good_until", "")),
        "preferences": [_preference(text) for text in prefer.split(OF_PREFERENCES)] if prefer else [],
    }


def entries_of_file(path: Path) -> list[dict[str, Any]]:
    """Entries of a sheet from a CSV file with a header, or a JSON file with a list of objects.

    Raises OperatorError naming the row, from 1, and its field.
    """
    text = read_text(path, "CSV or JSON file")
    rows = _json_rows(path, text) if path.suffix == ".json" else _csv_rows(path, text)
    if not 1 <= len(rows) <= MAX_SHEET_ORDERS:
        raise OperatorError(f"{path}: expected 1 to {MAX_SHEET_ORDERS} orders, got {len(rows)}")
    entries = []
    for number, row in enumerate(rows, 1):
        try:
            entries.append(entry(_known(row)))
        except OperatorError as error:
            raise OperatorError(f"{path}: row {number}: {error}") from None
    return entries


def _csv_rows(path: Path, text: str) -> list[dict[str, str]]:
    try:
        rows = list(csv.DictReader(text.splitlines(), strict=True, restkey="", restval=""))
    except csv.Error as error:
        raise OperatorError(f"{path}: {error}") from None
    return [{(name or "").strip(): "".join(value).strip() for name, value in row.items()} for row in rows]


def _json_rows(path: Path, text: str) -> list[dict[str, str]]:
    try:
        rows = msgspec.json.decode(text, type=list[dict[str, str | int]])
    except msgspec.DecodeError as error:
        raise OperatorError(f"{path}: expected a list of objects with texts and whole numbers: {error}") from None
    return [{name: str(value) for name, value in row.items()} for row in rows]


def _known(row: dict[str, str]) -> dict[str, str]:
    unknown = [name for name in row if name not in FIELDS]
    if unknown:
        raise OperatorError(f"{unknown[0]!r}: no such field; expected some of {', '.join(FIELDS)}")
    return row


def _choice(row: Mapping[str, str], name: str, options: Sequence[str], default: str = "") -> str:
    text = row.get(name) or default
    if text not in options:
        raise OperatorError(f"{name}: expected one of {', '.join(options)}, got {text!r}")
    return text


def _number(row: Mapping[str, str], name: str) -> int:
    text = row.get(name, "")
    if not (text.isascii() and text.isdigit()):
        raise OperatorError(f"{name}: expected a whole number, got {text!r}")
    return int(text)


def _sources(side: str, text: str) -> int:
    """Bits of the sources that an order names."""
    names = text.split(OF_SOURCES) if text else []
    if side == "offer" and len(names) != 1:
        raise OperatorError(f"sources: expected the one source of an offer, got {text!r}")
    return 0 if text == NO_SOURCES else sources(names)


def _preference(text: str) -> dict[str, Any]:
    """A partner, sources, or both as `PARTNER:SOURCES`."""
    first, colon, named = text.strip().partition(OF_A_PARTNER)
    partner = first if colon or first.startswith("grid1") else ""
    listed = named if partner else first
    return {"partner": partner, "sources": sources(listed.split(OF_SOURCES)) if listed else 0}


def _time_ms(text: str) -> int:
    """Unix ms of a time; 0 for none."""
    if not text or (text.isascii() and text.isdigit()):
        return int(text or 0)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = datetime.min
    if time.tzinfo is None:
        raise OperatorError(f"good_until: expected unix ms or a time with its zone such as 2026-01-05T12:00+07:00, got {text!r}")
    return int(time.timestamp() * 1000)
