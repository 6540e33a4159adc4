"""`Table`: rows of one kind, with typed keys and values, over any reader.

    BALANCES: Table[Amount] = Table(prefixes.TOKEN, 1, "balances", key=(ADDRESS_PART, NAME_PART), value=AMOUNT)

    BALANCES.get(state, address, "THB") -> Amount | None
    BALANCES.put(state, address, "THB", Amount(5))
    for (owner, denomination), amount in BALANCES.scan(state, address): ...

The key of a row is the module's number, the table's number and the key parts; the value is a record's canonical bytes, or the
canonical bytes of a single field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from gridnode.codec.canonical import unpack, write
from gridnode.codec.fields import Field
from gridnode.codec.records import decode, encode, layout
from gridnode.primitives.errors import InvariantBroken, Malformed
from gridnode.primitives.limits import MAX_TABLE_CACHE_ROWS
from gridnode.state.key_parts import KeyPart
from gridnode.state.kv import Changes, Reader, after_prefix
from gridnode.state.prefixes import NAMES

V = TypeVar("V")
Key = tuple[Any, ...]


class Writer(Protocol):
    """What a table needs to change rows; `State` is one."""

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of `key`."""
        ...

    def delete(self, key: bytes) -> None:
        """Remove `key`; nothing happens when it is not there."""
        ...


class Table(Generic[V]):
    """One table of one module.

    module  number of the module, from `prefixes`
    number  of the table within the module, 0 to 254, never reused
    name    for messages and dumps
    key     kinds of the key parts, in the order in which rows are sorted; none for a table of one row
    value   a record class, or a field for a single value
    """

    def __init__(
        self, module: int, number: int, name: str, key: Sequence[KeyPart], value: type[V] | Field
    ) -> None:
        if module not in NAMES or not 0 <= number < 255:
            raise ValueError(
                f"expected a module of prefixes.py and a number from 0 to 254, got {module}, {number}"
            )
        self.module, self.number, self.name = module, number, f"{NAMES[module]}.{name}"
        self.prefix = bytes([module, number])
        self._after = after_prefix(self.prefix)
        self.parts = tuple(key)
        self._encoders = tuple(part.encode for part in self.parts)
        self._to_bytes, self._from_bytes = _codec_of(value)
        self._decoded: dict[bytes, V] = {}

    # Keys

    def key(self, *parts: Any) -> bytes:
        """State key of a row; of a group of rows when only the first parts are given. Raises Malformed out of bounds."""
        if len(parts) > len(self._encoders):
            raise TypeError(
                f"{self.name}: expected at most {len(self._encoders)} key parts, got {len(parts)}"
            )
        return self._joined(parts)

    def parts_of(self, key: bytes) -> Key:
        """Key parts of a state key of this table. Raises InvariantBroken when it is not one."""
        values, offset = [], len(self.prefix)
        try:
            for part in self.parts:
                value, offset = part.decode(key, offset)
                values.append(value)
        except ValueError as error:
            raise InvariantBroken("state-key", f"{self.name}: {key.hex()}: {error}") from None
        if offset != len(key) or not key.startswith(self.prefix):
            raise InvariantBroken("state-key", f"{self.name}: {key.hex()} is not a key of this table")
        return tuple(values)

    def _row(self, parts: Key) -> bytes:
        encoders = self._encoders
        if len(parts) != len(encoders):
            raise TypeError(f"{self.name}: expected {len(encoders)} key parts, got {len(parts)}")
        if not parts:
            return self.prefix
        return self.prefix + encoders[0](parts[0]) if len(parts) == 1 else self._joined(parts)

    def _joined(self, parts: Key) -> bytes:
        encoded = self.prefix
        for encode_part, part in zip(self._encoders, parts, strict=False):
            encoded += encode_part(part)
        return encoded

    # Values

    def value(self, raw: bytes) -> V:
        """Value of a row's bytes. Raises InvariantBroken when they do not decode.

        Values are frozen, so what was decoded once is remembered, for at most MAX_TABLE_CACHE_ROWS rows.
        """
        found = self._decoded.get(raw)
        if found is None:
            try:
                found = self._from_bytes(raw)
            except Malformed as error:
                raise InvariantBroken("state-value", f"{self.name}: {raw.hex():.80}: {error}") from None
            if len(self._decoded) >= MAX_TABLE_CACHE_ROWS:
                self._decoded.clear()
            self._decoded[raw] = found
        return found

    # Rows

    def get(self, reader: _Gets, *key: Any) -> V | None:
        """Value of a row, or None. Raises Malformed for a key part out of bounds."""
        raw = reader.get(self._row(key))
        return None if raw is None else self.value(raw)

    def require(self, reader: _Gets, *key: Any) -> V:
        """Value of a row that must exist. Raises InvariantBroken when it does not."""
        found = self.get(reader, *key)
        if found is None:
            raise InvariantBroken("state-row", f"{self.name}: no row {key!r}")
        return found

    def has(self, reader: _Gets, *key: Any) -> bool:
        """Whether the row exists."""
        return reader.get(self._row(key)) is not None

    def put(self, state: Writer, *key_and_value: Any) -> None:
        """Set a row: its key parts, then its value. Raises Malformed for a part or a value out of bounds."""
        *key, value = key_and_value
        state.put(self._row(tuple(key)), self._to_bytes(value))

    def delete(self, state: Writer, *key: Any) -> None:
        """Remove a row; nothing happens when it is not there."""
        state.delete(self._row(key))

    def scan(
        self,
        reader: Reader,
        *prefix: Any,
        start: Key | None = None,
        stop: Key | None = None,
        after: Key | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> Iterator[tuple[Key, V]]:
        """Rows whose first key parts are `prefix`, ascending by key (descending when `reverse`).

        `start`, `stop` and `after` are whole keys or their first parts, `prefix` included: only rows with start <= key < stop,
        and only those strictly behind `after` in the direction of the scan, which is how a page continues behind the last one's
        last key. At most `limit` rows. Rows put or deleted while it goes on are not seen.
        """
        low = self.key(*prefix)
        high = after_prefix(low) if prefix else self._after
        if start is not None:
            low = max(low, self.key(*start))
        if stop is not None:
            high = min(high, self.key(*stop))
        if after is not None and reverse:
            high = min(high, self.key(*after))
        elif after is not None:
            low = max(low, after_prefix(self.key(*after)))
        rows = reader.scan(low, high if high > low else low, reverse)
        return self._typed(rows if limit is None else islice(rows, limit))

    def _typed(self, rows: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[Key, V]]:
        for key, raw in rows:
            yield self.parts_of(key), self.value(raw)

    def changes(
        self, before: _Gets, writes: Mapping[bytes, bytes | None]
    ) -> Iterator[tuple[Key, V | None, V | None]]:
        """Rows of this table that `writes` (ascending, as of `State.writes`) changes: key, value before, value after.

        `before` reads the state without them. None stands for no row.
        """
        changes = writes if isinstance(writes, Changes) else Changes(writes)
        keys = changes.between(self.prefix, self._after)
        return self._changed(keys, before, changes) if keys else iter(())

    def _changed(self, keys: list[bytes], before: _Gets, writes: Changes) -> Iterator[tuple[Key, V | None, V | None]]:
        for key in keys:
            old, new = before.get(key), writes[key]
            yield (
                self.parts_of(key),
                None if old is None else self.value(old),
                None if new is None else self.value(new),
            )


class _Gets(Protocol):
    def get(self, key: bytes) -> bytes | None: ...


def _codec_of(value: Any) -> tuple[Callable[[Any], bytes], Callable[[bytes], Any]]:
    """How values of a record class, or of a single field, become bytes and come back."""
    if isinstance(value, Field):
        return (lambda item: write(value.pack(item))), (lambda raw: value.unpack(unpack(raw)))
    layout(value)  # raises TypeError now rather than at the first row
    return (lambda item: _encode_as(value, item)), (lambda raw: decode(value, raw))


def _encode_as(cls: type[Any], item: Any) -> bytes:
    if type(item) is not cls:
        raise TypeError(f"expected a {cls.__name__}, got {item!r:.80}")
    return encode(item)
