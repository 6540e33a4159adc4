"""Kinds: the names by which messages and events travel.

`@message("token.transfer")` and `@event("token.transferred")` declare a record together with its kind, `module.name`. Which kinds exist is
listed by each module and joined in `gridnode.execution.registry`; nothing registers itself by being imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

from gridnode.chain.receipt import Event
from gridnode.chain.transaction import Message
from gridnode.codec.records import encode, record

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def message(kind: str) -> Callable[[type[T]], type[T]]:
    """Class decorator: a record that is sent as a message of this kind."""
    return _kinded(kind)


@dataclass_transform(frozen_default=True)
def event(kind: str) -> Callable[[type[T]], type[T]]:
    """Class decorator: a record that is emitted as an event of this kind."""
    return _kinded(kind)


def _kinded(kind: str) -> Callable[[type[T]], type[T]]:
    def declare(cls: type[T]) -> type[T]:
        made = record(cls)
        made.__kind__ = kind  # type: ignore[attr-defined]
        return made

    return declare


def kind_of(cls: type[Any]) -> str:
    """Kind of a message or event class. Raises TypeError when it is neither."""
    kind: str | None = getattr(cls, "__kind__", None)
    if kind is None:
        raise TypeError(f"{cls.__name__} is neither a message nor an event")
    return kind


def to_message(value: Any) -> Message:
    """A module's message record as it travels in a transaction."""
    return Message(kind_of(type(value)), encode(value))


def to_event(value: Any) -> Event:
    """A module's event record as it stands in a receipt."""
    return Event(kind_of(type(value)), encode(value))
