"""Records' classes do what dataclass(frozen=True, slots=True) does, which is kept here as the reference."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from typing import Any

import pytest

from gridnode.codec.frozen import frozen


def _point() -> type[Any]:
    class Point:
        """Two fields and one with a default."""

        x: int
        label: str
        weight: int = 7

    return Point


@frozen
class Named:
    """At the module's level, so that it can be pickled."""

    one: int


def _both() -> tuple[type[Any], type[Any]]:
    return dataclass(frozen=True, slots=True)(_point()), frozen(_point())


CALLS: list[Callable[[type[Any]], Any]] = [
    lambda cls: repr(cls(1, "a")),
    lambda cls: repr(cls(1, label="a", weight=3)),
    lambda cls: repr(replace(cls(1, "a"), x=2)),
    lambda cls: [item.name for item in fields(cls)],
    lambda cls: cls(1, "a") == cls(1, "a"),
    lambda cls: cls(1, "a") == cls(1, "b"),
    lambda cls: cls(1, "a") == (1, "a", 7),
    lambda cls: {cls(1, "a"): 1}[cls(1, "a")],
    lambda cls: len({cls(1, "a"), cls(1, "b"), cls(1, "a")}),
    lambda cls: repr(copy.deepcopy(cls(1, "a"))),
    lambda cls: cls(1, "a") and list(inspect.signature(cls).parameters),
    lambda cls: cls.__match_args__,
    lambda cls: cls.__slots__,
    lambda cls: hasattr(cls(1, "a"), "__dict__"),
]


@pytest.mark.parametrize("call", CALLS)
def test_it_does_what_a_frozen_dataclass_does(call: Callable[[type[Any]], Any]) -> None:
    slow, fast = _both()
    assert call(fast) == call(slow)
    assert call(fast) == call(slow), "nor does the second object differ from the first"


WRONG: list[Callable[[type[Any]], Any]] = [
    lambda cls: cls(),
    lambda cls: cls(1, "a", 2, 3),
    lambda cls: cls(1, "a", x=2),
    lambda cls: cls(1, "a", colour=2),
    lambda cls: setattr(cls(1, "a"), "x", 2),
    lambda cls: setattr(cls(1, "a"), "other", 2),
    lambda cls: delattr(cls(1, "a"), "x"),
    lambda cls: {cls([], "a"): 1},
]


@pytest.mark.parametrize("call", WRONG)
def test_it_refuses_what_a_frozen_dataclass_refuses(call: Callable[[type[Any]], Any]) -> None:
    slow, fast = _both()
    for cls in (slow, fast):
        with pytest.raises((TypeError, FrozenInstanceError)):
            call(cls)


def test_an_object_survives_pickle() -> None:
    assert pickle.loads(pickle.dumps(Named(5))) == Named(5)


def test_a_method_of_the_class_stays() -> None:
    @frozen
    class Loud:
        """Says itself."""

        x: int

        def __repr__(self) -> str:
            return "loud"

    assert repr(Loud(1)) == "loud"
    assert Loud(1) == Loud(1)


def test_declaring_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    monkeypatch.setattr("dataclasses._create_fn", lambda name, *_rest, **_more: compiled.append(name))
    frozen(type("Quiet", (), {"__annotations__": {"x": int}, "__doc__": "Nothing."}))
    assert compiled == []
