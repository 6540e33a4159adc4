"""Tariffs and holidays from a file, as they stand in a genesis file: bodies of the messages that set them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from gridnode.node.config import read_text
from gridnode.primitives.errors import OperatorError


def tariff_body(path: Path, from_mtu: int) -> dict[str, Any]:
    """Body of `grid.set_tariff` from a TOML or JSON file: the fields of a tariff, or a genesis file's `[grid.tariff]`.

    Raises OperatorError when the file cannot be read.
    """
    document = _document(path)
    grid = document.get("grid")
    tariff = grid.get("tariff") if isinstance(grid, dict) else document
    if not isinstance(tariff, dict):
        raise OperatorError(f"{path}: expected [grid.tariff] to be a table")
    return {"from_mtu": from_mtu, "tariff": tariff}


def holidays_body(path: Path, from_day: int) -> dict[str, Any]:
    """Body of `grid.set_holidays` from a TOML or JSON file: `holidays`, or that of a genesis file's `[grid]`; days before are left out.

    Raises OperatorError when the file cannot be read or has no such list.
    """
    document = _document(path)
    grid = document.get("grid", document)
    rows = grid.get("holidays") if isinstance(grid, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and type(row.get("day")) is int for row in rows):
        raise OperatorError(f"{path}: expected a list of holidays, each with its day, a number, and its name")
    return {"from_day": from_day, "holidays": [row for row in rows if row["day"] >= from_day]}


def _document(path: Path) -> dict[str, Any]:
    text = read_text(path, "TOML or JSON file")
    try:
        document = msgspec.json.decode(text) if path.suffix == ".json" else tomllib.loads(text)
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise OperatorError(f"{path}: {error}") from None
    if not isinstance(document, dict):
        raise OperatorError(f"{path}: expected an object")
    return document
