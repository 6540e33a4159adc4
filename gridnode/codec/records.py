"""Declared records: a class whose annotations state field order, type and bound once, for bytes and for JSON alike.

    @record
    class Transfer:
        recipient: Annotated[Address, ADDRESS]
        amount: Annotated[Amount, AMOUNT]

A record is frozen, compares by value, and is an array of its fields in declaration order. Evolving a record means declaring a
new one: a field is never added to bytes that exist. A field with a default may be left out where a record is written by hand, in
Python and in JSON; its bytes always hold it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from typing import Annotated, Any, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from gridnode.codec.canonical import read, write
from gridnode.codec.faults import BadField, shown, within
from gridnode.codec.fields import Field
from gridnode.codec.frozen import frozen, values_of
from gridnode.primitives.errors import Malformed

T = TypeVar("T")


class Layout:
    """What `@record` learnt about a class: names and kinds of its fields in order, with the loops that use them."""

    def __init__(self, cls: type[Any]) -> None:
        self.cls = cls
        hints = get_type_hints(cls, include_extras=True)
        self.kinds: dict[str, Field] = {name: _kind(cls, name, hints[name]) for name in cls.__annotations__}
        self.defaults = {item.name: item.default for item in fields(cls) if item.default is not MISSING}
        self.expects = f"an array of {len(self.kinds)} fields"
        self.values = values_of(tuple(self.kinds))
        # Most kinds unpack as they pack; looking that up here saves a call for each field decoded.
        self._packers = [kind.pack for kind in self.kinds.values()]
        self._unpackers = [
            kind.pack if type(kind).unpack is Field.unpack else kind.unpack for kind in self.kinds.values()
        ]

    def to_plain(self, value: Any) -> list[Any]:
        """Plain array of a record's fields. Raises Malformed naming the field that is wrong."""
        items = self.values(value)
        try:
            return [pack(item) for pack, item in zip(self._packers, items, strict=False)]
        except Malformed as fault:
            raise self._located(fault, self._packers, items) from None

    def from_plain(self, plain: Any) -> Any:
        """Record of a plain array. Raises Malformed naming the field that is wrong."""
        if type(plain) is not tuple or len(plain) != len(self._unpackers):
            raise Malformed(f"expected {self.expects}, got {shown(plain)}")
        try:
            items = [unpack(item) for unpack, item in zip(self._unpackers, plain, strict=False)]
        except Malformed as fault:
            raise self._located(fault, self._unpackers, plain) from None
        return self.cls(*items)

    def _located(
        self, fault: Malformed, converters: Sequence[Callable[[Any], Any]], items: tuple[Any, ...]
    ) -> Malformed:
        """`fault` with the name of the first field that raises it: found again, so that the good case keeps no count."""
        for name, convert, item in zip(self.kinds, converters, items, strict=True):
            try:
                convert(item)
            except Malformed as again:
                return within(name, again)
        return fault


def _kind(cls: type[Any], name: str, hint: Any) -> Field:
    if get_origin(hint) is Annotated:
        for extra in get_args(hint)[1:]:
            if isinstance(extra, Field):
                return extra
    raise TypeError(f"{cls.__name__}.{name}: annotate the field with its kind, e.g. Annotated[int, U64]")


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Class decorator: a frozen, slotted dataclass with a `Layout` made from its annotated fields.

    Raises TypeError, when the class is declared, for a field without a kind.
    """
    made = frozen(cls)
    made.__layout__ = Layout(made)  # type: ignore[attr-defined]
    return made


def layout(cls: type[Any]) -> Layout:
    """The layout of a record class. Raises TypeError when it is not one."""
    found: Layout | None = getattr(cls, "__layout__", None)
    if found is None:
        raise TypeError(f"{cls.__name__} is not a record")
    return found


class Nested(Field):
    """A field that holds another record."""

    def __init__(self, cls: type[Any]) -> None:
        self.layout = layout(cls)
        self.expects = cls.__name__

    def pack(self, value: Any) -> Any:
        if type(value) is not self.layout.cls:
            raise self.refusal(value)
        return self.layout.to_plain(value)

    def unpack(self, plain: Any) -> Any:
        return self.layout.from_plain(plain)

    def to_json(self, value: Any) -> Any:
        return to_json(value)

    def from_json(self, value: Any) -> Any:
        return from_json(self.layout.cls, value)


def encode(value: Any) -> bytes:
    """Canonical bytes of a record. Raises Malformed naming the field that is out of bounds."""
    cls = type(value)
    try:
        return write(layout(cls).to_plain(value))
    except Malformed as fault:
        raise within(cls.__name__, fault) from None


def decode(cls: type[T], data: bytes) -> T:
    """Record of class `cls` from canonical bytes. Raises Malformed saying what was expected and where."""
    try:
        return layout(cls).from_plain(read(data))  # type: ignore[no-any-return]
    except Malformed as fault:
        raise within(cls.__name__, fault) from None


def to_json(value: Any) -> dict[str, Any]:
    """A record as a JSON object, field by field in order."""
    kinds = layout(type(value)).kinds
    return {name: kind.to_json(getattr(value, name)) for name, kind in kinds.items()}


def from_json(cls: type[T], obj: Any) -> T:
    """Record from a JSON object with its fields and no others; those that have a default may be missing.

    Raises Malformed (a BadField with the path, where one field is wrong) saying what was expected.
    """
    kinds, defaults = layout(cls).kinds, layout(cls).defaults
    names = ", ".join(kinds)
    if not isinstance(obj, dict):
        raise Malformed(f"expected an object with the fields {names}, got {shown(obj)}")
    for name in obj:
        if name not in kinds:
            raise BadField(str(name)[:64], f"unknown field, expected {names}")
    values = []
    for name, kind in kinds.items():
        if name not in obj:
            if name not in defaults:
                raise BadField(name, f"missing, expected {kind.expects}")
            values.append(defaults[name])
            continue
        try:
            values.append(kind.from_json(obj[name]))
        except Malformed as fault:
            raise within(name, fault) from None
    return cls(*values)
