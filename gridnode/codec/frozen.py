"""The classes of records: frozen, slotted dataclasses that cost little to declare.

`dataclass(frozen=True)` writes and compiles six functions for each class. A node declares 260 records, and compiling for them was a
third of what its import took, while a killed validator is not back; most of them are never made before it is. Here the constructor,
which must be fast, is `dataclass`'s own and is compiled when the first object is made; the other methods are shared loops over the
values. `fields` and `replace` work as on any dataclass. `tests/unit/codec/test_frozen.py` compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, fields
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")


def frozen(cls: type[T]) -> type[T]:
    """`cls` with slots for its annotated fields, which its constructor sets, once. It compares, hashes and reads by its values.

    A method that the class declares itself stays.
    """
    made = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    names = tuple(item.name for item in fields(made))  # type: ignore[arg-type]
    methods = {"__init__": _constructor(made), "__repr__": _text(names), **_comparison(values_of(names)), **_REFUSALS}
    for name, method in methods.items():
        if name not in vars(cls):
            setattr(made, name, method)
    return made


def values_of(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Function that reads the fields `names` of an object into a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple([getattr(value, name) for name in names])


def _constructor(made: type[Any]) -> Callable[..., None]:
    """An `__init__` that puts the compiled one in its place when it is called first."""

    def init(self: Any, *values: Any, **named: Any) -> None:
        compiled = _compiled(made)
        made.__init__ = compiled
        compiled(self, *values, **named)

    return init


def _compiled(made: type[Any]) -> Callable[..., None]:
    """The constructor that `dataclass` writes for a frozen class with these fields and defaults."""
    body = {name: getattr(made, name) for name in ("__module__", "__qualname__", "__doc__", "__annotations__")}
    body |= {item.name: item.default for item in fields(made) if item.default is not MISSING}
    twin: Any = dataclass(frozen=True, repr=False, eq=False)(type(made.__name__, (), body))
    compiled: Callable[..., None] = twin.__init__
    return compiled


def _comparison(values: Callable[[Any], tuple[Any, ...]]) -> dict[str, Callable[..., Any]]:
    def eq(self: Any, other: Any) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def digest(self: Any) -> int:
        return values(self).__hash__()  # as of any value: for dicts; no result of pure code comes from it

    def reduce(self: Any) -> tuple[Any, ...]:
        return type(self), values(self)  # else a copy would set the slots of a frozen object one by one

    return {"__eq__": eq, "__hash__": digest, "__reduce__": reduce}


def _text(names: tuple[str, ...]) -> Callable[[Any], str]:
    def text(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return text


def _refuse_set(self: Any, name: str, _value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r} of {type(self).__qualname__}")


def _refuse_delete(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r} of {type(self).__qualname__}")


_REFUSALS: dict[str, Callable[..., Any]] = {"__setattr__": _refuse_set, "__delattr__": _refuse_delete}
