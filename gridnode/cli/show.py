"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

WIDEST = 100
"""Characters of a cell; what is longer is cut. `--json` prints everything."""


def show(data: Any, as_json: bool, title: str = "") -> None:
    """Print data of the API: an object as two columns, a list (or a page of one) as one row an entry."""
    if as_json:
        print(json.dumps(data, indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    if isinstance(data, Mapping) and set(data) == {"rows", "next"}:
        _list(console, data["rows"], title)
        if data["next"] is not None:
            console.print(f"more: --after {data['next']}", markup=False)
    elif isinstance(data, Mapping):
        _object(console, data, title)
    elif isinstance(data, Sequence) and not isinstance(data, str):
        _list(console, data, title)
    else:
        console.print(data, markup=False)


def _object(console: Any, data: Mapping[str, Any], title: str) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    tables: list[tuple[str, Sequence[Any]]] = []
    for name, value in data.items():
        if _is_list_of_objects(value):
            tables.append((name, value))
        elif isinstance(value, Mapping):
            for inner, part in value.items():
                table.add_row(f"{name}.{inner}", Text(_cell(part)))
        else:
            table.add_row(name, Text(_cell(value)))
    console.print(table)
    for name, rows in tables:
        _list(console, rows, name)


def _list(console: Any, rows: Sequence[Any], title: str) -> None:
    from rich.table import Table
    from rich.text import Text

    if not rows:
        console.print(f"{title or 'rows'}: none", markup=False)
        return
    if not isinstance(rows[0], Mapping):
        rows = [{"value": row} for row in rows]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(title=title or None)
    for name in columns:
        numeric = all(isinstance(row.get(name), int) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*[Text(_cell(row.get(name))) for name in columns])
    console.print(table)


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
