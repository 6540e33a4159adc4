"""Declared records: a class whose annotations state field order, type and bound once, for bytes and for JSON alike.

    @record
    class Transfer:
        recipient: Annotated[Address, ADDRESS]
        amount: Annotated[Amount, AMOUNT]

A record is frozen, compares by value, and is an array of its fields in declaration order. Evolving a record means declaring a
new one: a field is never added to bytes that exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from gridnode.codec.canonical import pack, unpack
from gridnode.codec.fields import Field
from gridnode.primitives.errors import Malformed

T = TypeVar("T")


class Layout:
    """What `@record` learnt about a class: names and kinds of its fields in order, with the loops that use them."""

    def __init__(self, cls: type[Any]) -> None:
        self.cls = cls
        hints = get_type_hints(cls, include_extras=True)
        self.kinds: dict[str, Field] = {name: _kind(cls, name, hints[name]) for name in cls.__annotations__}
        names = tuple(self.kinds)
        get = attrgetter(*names)
        self.values = get if len(names) > 1 else (lambda value: (get(value),))
        self.packers = tuple((name, kind.pack) for name, kind in self.kinds.items())
        self.unpackers = tuple((name, kind.unpack) for name, kind in self.kinds.items())

    def to_plain(self, value: Any) -> tuple[Any, ...]:
        """Plain array of a record's fields. Raises Malformed naming the field that is wrong."""
        plain = []
        for (name, pack_field), item in zip(self.packers, self.values(value), strict=True):
            try:
                plain.append(pack_field(item))
            except Malformed as error:
                raise Malformed(f"{self.cls.__name__}.{name}: {error}") from None
        return tuple(plain)

    def from_plain(self, plain: Any) -> Any:
        """Record of a plain array. Raises Malformed naming the field that is wrong."""
        if type(plain) is not tuple or len(plain) != len(self.unpackers):
            raise Malformed(f"{self.cls.__name__}: expected an array of {len(self.unpackers)} fields, got {plain!r:.80}")
        values = []
        for (name, unpack_field), item in zip(self.unpackers, plain, strict=True):
            try:
                values.append(unpack_field(item))
            except Malformed as error:
                raise Malformed(f"{self.cls.__name__}.{name}: {error}") from None
        return self.cls(*values)


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
    made = dataclass(frozen=True, slots=True)(cls)
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
        self.expects = f"a {cls.__name__}"

    def pack(self, value: Any) -> Any:
        if type(value) is not self.layout.cls:
            raise Malformed(f"expected {self.expects}, got {value!r:.80}")
        return self.layout.to_plain(value)

    def unpack(self, plain: Any) -> Any:
        return self.layout.from_plain(plain)

    def to_json(self, value: Any) -> Any:
        return to_json(value)

    def from_json(self, value: Any) -> Any:
        return from_json(self.layout.cls, value)


def encode(value: Any) -> bytes:
    """Canonical bytes of a record. Raises Malformed naming the field that is out of bounds."""
    return pack(layout(type(value)).to_plain(value))


def decode(cls: type[T], data: bytes) -> T:
    """Record of class `cls` from canonical bytes. Raises Malformed saying what was expected and where."""
    return layout(cls).from_plain(unpack(data))  # type: ignore[no-any-return]


def to_json(value: Any) -> dict[str, Any]:
    """A record as a JSON object, field by field in order."""
    kinds = layout(type(value)).kinds
    return {name: kind.to_json(getattr(value, name)) for name, kind in kinds.items()}


def from_json(cls: type[T], obj: Any) -> T:
    """Record from a JSON object with exactly its fields. Raises Malformed naming the field and what was expected."""
    kinds = layout(cls).kinds
    if not isinstance(obj, dict):
        raise Malformed(f"{cls.__name__}: expected an object with the fields {', '.join(kinds)}")
    for name in obj:
        if name not in kinds:
            raise Malformed(f"{name}: unknown field, expected {', '.join(kinds)}")
    values = []
    for name, kind in kinds.items():
        if name not in obj:
            raise Malformed(f"{name}: missing, expected {kind.expects}")
        try:
            values.append(kind.from_json(obj[name]))
        except Malformed as error:
            raise Malformed(f"{name}: {error}") from None
    return cls(*values)
