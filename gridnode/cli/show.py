"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 160
"""Columns when the output is no terminal."""
LONGEST = 400
"""Characters of a cell; what is longer is cut. `--json` prints everything."""
HASH_DIGITS = 64
SHOWN_DIGITS = 12
"""Of a hash in a list; alone it is shown whole."""


def show(data: Any, as_json: bool, title: str = "") -> None:
    """Print data of the API: an object as two columns, a list (or a page of one) as one row an entry."""
    if as_json:
        print(json.dumps(data, indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    if isinstance(data, Mapping):
        _object(console, data, title)
    elif isinstance(data, Sequence) and not isinstance(data, str):
        _list(console, data, title)
    else:
        console.print(data, markup=False)


def _object(console: Any, data: Mapping[str, Any], title: str) -> None:
    from rich.table import Table
    from rich.text import Text

    plain = {name: value for name, value in data.items() if name != "next" and not _is_list_of_objects(value)}
    if plain.get("rows") == []:
        console.print("none", markup=False)
        del plain["rows"]
    table = Table(title=title or None, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in _unfolded(plain):
        table.add_row(name, Text(_cell(value)))
    if plain:
        console.print(table)
    for name, value in data.items():
        if _is_list_of_objects(value):
            _list(console, value, "" if name == "rows" else name)
    if data.get("next") is not None:
        console.print(f"more: --after {data['next']}", markup=False)


def _unfolded(data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Names and values, those of objects inside as `outer.inner`, one level deep."""
    found: list[tuple[str, Any]] = []
    for name, value in _without_twins(data).items():
        if isinstance(value, Mapping):
            found += [(f"{name}.{inner}", part) for inner, part in _without_twins(value).items()]
        else:
            found.append((name, value))
    return found


def _without_twins(data: Mapping[str, Any]) -> dict[str, Any]:
    """Without the smallest units of what is there in whole units as well: `fee` beside `fee_thb`."""
    return {
        name: value
        for name, value in data.items()
        if f"{name}_thb" not in data and f"{name.removesuffix('_micro')}_thb_per_kwh" not in data
    }


def _list(console: Any, rows: Sequence[Any], title: str) -> None:
    from rich.table import Table
    from rich.text import Text

    if not rows:
        console.print(f"{title or 'rows'}: none", markup=False)
        return
    objects = [_without_twins(row) if isinstance(row, Mapping) else {"value": row} for row in rows]
    columns = list(dict.fromkeys(name for row in objects for name in row))
    table = Table(title=title or None)
    for name in columns:
        numeric = all(isinstance(row.get(name), int) for row in objects)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in objects:
        table.add_row(*[Text(_short(_cell(row.get(name)))) for name in columns])
    console.print(table)


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        text = ", ".join(f"{name}={_cell(part)}" for name, part in value.items())
    elif isinstance(value, list):
        text = " ".join(_cell(part) for part in value)
    else:
        text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _short(text: str) -> str:
    """A hash by its beginning, so that a row stays a line."""
    is_hash = len(text) == HASH_DIGITS and not text.strip("0123456789abcdef")
    return text[:SHOWN_DIGITS] + "…" if is_hash else text
