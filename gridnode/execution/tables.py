"""Every table of the state by name and by the first bytes of its keys, and rows in a form that people read."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from types import ModuleType
from typing import Any, Final

from gridnode.codec.records import to_json
from gridnode.modules.carbon import tables as carbon_tables
from gridnode.modules.grid import tables as grid_tables
from gridnode.modules.lots import tables as lots_tables
from gridnode.modules.market import auction_tables
from gridnode.modules.market import locks as market_locks
from gridnode.modules.market import tables as market_tables
from gridnode.modules.metering import tables as metering_tables
from gridnode.modules.registry import tables as registry_tables
from gridnode.modules.settlement import correction_tables
from gridnode.modules.settlement import tables as settlement_tables
from gridnode.modules.token import tables as token_tables
from gridnode.modules.validators import tables as validators_tables
from gridnode.primitives.address_text import ADDRESS_BYTES, encode_address
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.key_parts import FixedPart
from gridnode.state.prefixes import NAMES
from gridnode.state.table import Table

_DECLARED: tuple[ModuleType, ...] = (
    token_tables,
    registry_tables,
    validators_tables,
    grid_tables,
    lots_tables,
    metering_tables,
    market_tables,
    auction_tables,
    market_locks,
    carbon_tables,
    settlement_tables,
    correction_tables,
)
_PREFIX_BYTES = 2  # module and table number


def _tables() -> Iterator[Table[Any]]:
    for module in _DECLARED:
        yield from (value for value in vars(module).values() if isinstance(value, Table))


TABLES: Final[dict[str, Table[Any]]] = {table.name: table for table in _tables()}
"""Every table of the state by its name, `module.table`."""

BY_PREFIX: Final[dict[bytes, Table[Any]]] = {table.prefix: table for table in TABLES.values()}
"""Every table by the two bytes that its keys begin with."""


def table_name(key: bytes) -> str:
    """Name of the table that a state key belongs to; of its module, or `unknown`, when there is no such table."""
    table = BY_PREFIX.get(key[:_PREFIX_BYTES])
    if table is not None:
        return table.name
    return f"{NAMES[key[0]]}.unknown" if key and key[0] in NAMES else "unknown"


def key_to_json(key: bytes) -> list[Any]:
    """Parts of a state key: addresses in bech32m, other bytes in hex. The key in hex when it is no key of a table."""
    table = BY_PREFIX.get(key[:_PREFIX_BYTES])
    if table is None:
        return [key.hex()]
    try:
        parts = table.parts_of(key)
    except InvariantBroken:
        return [key.hex()]
    return [_part(kind, part) for kind, part in zip(table.parts, parts, strict=True)]


def value_to_json(key: bytes, value: bytes | None) -> Any:
    """The value under a state key as its table's record; None for no row, `{"undecodable": hex}` when it is no such record."""
    if value is None:
        return None
    table = BY_PREFIX.get(key[:_PREFIX_BYTES])
    try:
        return {"undecodable": value.hex()} if table is None else plain(table.value(value))
    except InvariantBroken:
        return {"undecodable": value.hex()}


def plain(value: Any) -> Any:
    """A record, or a value that stands in one, as JSON."""
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, bytes):
        return encode_address(value) if len(value) == ADDRESS_BYTES else value.hex()
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return to_json(value)


def _part(kind: Any, part: Any) -> Any:
    if isinstance(kind, FixedPart):
        return encode_address(part) if kind.size == ADDRESS_BYTES else part.hex()
    return part
