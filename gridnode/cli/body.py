"""What people type, as the records of messages: 12.5 THB, 3.5 THB/kWh, names of sources, JSON objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from gridnode.codec.records import from_json, layout
from gridnode.execution.registry import MESSAGES
from gridnode.modules.market.sources import ANY_SOURCE, source_bit
from gridnode.modules.registry.tables import Source
from gridnode.modules.token.tables import DECIMALS, Denomination
from gridnode.primitives.errors import Malformed, OperatorError
from gridnode.primitives.units import parse_amount

PRICE_DECIMALS = 6


def message(kind: str, body: dict[str, Any]) -> Any:
    """The record of a message from its kind and JSON body. Raises OperatorError naming the field and what was expected."""
    found = MESSAGES.get(kind)
    if found is None:
        raise OperatorError(f"unknown kind of message {kind}; expected one of {', '.join(MESSAGES)}")
    try:
        return from_json(found.cls, body)
    except Malformed as error:
        raise OperatorError(f"{kind}: {error}") from None


def json_bodies(text: str) -> list[dict[str, Any]]:
    """Bodies of one message or of several of a kind: a JSON object, a list of them, or `@FILE` that holds either.

    Raises OperatorError.
    """
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise OperatorError(f"--body: cannot read {text[1:]}: {error}") from None
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise OperatorError(f"--body: expected JSON: {error}") from None
    bodies = value if isinstance(value, list) else [value]
    if not bodies or not all(isinstance(body, dict) for body in bodies):
        raise OperatorError("--body: expected a JSON object, or a list of at least one")
    return bodies


def fields_of(kind: str) -> dict[str, str]:
    """Fields of a kind of message, each with what it expects."""
    return {name: field.expects for name, field in layout(MESSAGES[kind].cls).kinds.items()}


def amount(text: str, denomination: str) -> str:
    """Smallest units of an amount in whole units such as `12.5`. Raises OperatorError."""
    known = {of.name.lower(): of for of in Denomination}
    if denomination not in known:
        raise OperatorError(f"denomination: expected one of {', '.join(known)}, got {denomination}")
    return str(_decimal("amount", text, DECIMALS[known[denomination]]))


def price(text: str) -> int:
    """1e-6 THB per kWh (or per credit) of a price in THB such as `3.5`. Raises OperatorError."""
    return _decimal("price", text, PRICE_DECIMALS)


def lot_parts(texts: Sequence[str]) -> list[dict[str, int]]:
    """Lots and how much of each, as `LOT:WH`. Raises OperatorError."""
    parts = []
    for text in texts:
        lot, colon, energy_wh = text.partition(":")
        if not (colon and lot.isascii() and lot.isdigit() and energy_wh.isascii() and energy_wh.isdigit()):
            raise OperatorError(f"lots: expected LOT:WH such as 17:2500, got {text}")
        parts.append({"lot": int(lot), "energy_wh": int(energy_wh)})
    return parts


def lot_outputs(texts: Sequence[str]) -> list[dict[str, str | int]]:
    """Who gets how much of lots, as `ADDRESS:WH`. Raises OperatorError."""
    outputs: list[dict[str, str | int]] = []
    for text in texts:
        recipient, colon, energy_wh = text.partition(":")
        if not (colon and recipient and energy_wh.isascii() and energy_wh.isdigit()):
            raise OperatorError(f"to: expected ADDRESS:WH such as grid1...:2500, got {text}")
        outputs.append({"recipient": recipient, "energy_wh": int(energy_wh)})
    return outputs


def sources(names: Sequence[str]) -> int:
    """Bits of sources by name; all of them when none is named. Raises OperatorError."""
    known = {source.name.lower(): source for source in Source}
    for name in names:
        if name not in known:
            raise OperatorError(f"source: expected one of {', '.join(known)}, got {name}")
    return sum(source_bit(known[name]) for name in dict.fromkeys(names)) or ANY_SOURCE


def _decimal(what: str, text: str, decimals: int) -> int:
    try:
        return parse_amount(text, decimals)
    except ValueError as error:
        raise OperatorError(f"{what}: {error}") from None
