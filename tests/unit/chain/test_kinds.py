"""Kinds: messages and events carry their name and their record's bytes."""

from typing import Annotated

import pytest

from gridnode.chain.kinds import event, kind_of, message, to_event, to_message
from gridnode.chain.receipt import Event
from gridnode.chain.transaction import Message
from gridnode.codec.fields import U8
from gridnode.codec.records import decode, encode, record
from gridnode.primitives.errors import Malformed


@message("test.add")
class Add:
    """A message."""

    value: Annotated[int, U8]


@event("test.added")
class Added:
    """An event."""

    value: Annotated[int, U8]


@record
class Plain:
    """Neither."""

    value: Annotated[int, U8]


def test_a_message_travels_under_its_kind() -> None:
    assert to_message(Add(7)) == Message("test.add", b"\x91\x07")
    assert decode(Add, to_message(Add(7)).body) == Add(7)


def test_an_event_stands_under_its_kind() -> None:
    assert to_event(Added(7)) == Event("test.added", encode(Added(7)))


def test_kinds_of_classes() -> None:
    assert (kind_of(Add), kind_of(Added)) == ("test.add", "test.added")
    with pytest.raises(TypeError, match="Plain is neither a message nor an event"):
        to_message(Plain(7))


def test_bounds_hold_when_it_is_sent() -> None:
    with pytest.raises(Malformed, match=r"Add\.value"):
        to_message(Add(256))
