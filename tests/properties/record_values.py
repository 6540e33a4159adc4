"""Strategies that make values of every record class that the code declares, from the kinds of its fields."""

import importlib
import pkgutil
from typing import Any

from hypothesis import strategies as st

import gridnode
from gridnode.codec import fields
from gridnode.codec.records import Nested, layout
from gridnode.primitives.address_text import ADDRESS_BYTES

PURE = ("chain", "modules", "consensus", "execution", "mempool", "sync")
"""Packages that declare records; none of them needs more than Python to be imported."""


def record_classes() -> list[type[Any]]:
    """All record classes of the pure packages, in the order of their names."""
    found: dict[str, type[Any]] = {}
    for package in PURE:
        root = importlib.import_module(f"{gridnode.__name__}.{package}")
        for info in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            for value in vars(importlib.import_module(info.name)).values():
                if isinstance(value, type) and hasattr(value, "__layout__"):
                    found[f"{value.__module__}.{value.__qualname__}"] = value
    return [found[name] for name in sorted(found)]


def values_of(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Valid records of a class; lists stay short."""
    return st.builds(cls, *(values_of_kind(kind) for kind in layout(cls).kinds.values()))


def values_of_kind(kind: fields.Field) -> st.SearchStrategy[Any]:
    """Valid values of one kind of field."""
    match kind:
        case Nested():
            return values_of(kind.layout.cls)
        case fields.Int():
            return st.integers(kind.low, kind.high)
        case fields.Bool():
            return st.booleans()
        case fields.HashOrNil():
            return st.one_of(st.just(b""), st.binary(min_size=32, max_size=32))
        case fields.AddressOrNil():
            return st.one_of(st.just(b""), st.binary(min_size=ADDRESS_BYTES, max_size=ADDRESS_BYTES))
        case fields.Bytes():
            return st.binary(min_size=kind.low, max_size=min(kind.high, kind.low + 40))
        case fields.Text():
            letters = (
                st.characters(min_codepoint=33, max_codepoint=126)
                if kind.name
                else st.characters(exclude_categories=("Cs",))
            )
            return st.text(letters, min_size=kind.low, max_size=min(kind.high, kind.low + 20))
        case fields.AmountField():
            return st.one_of(st.integers(0, 300), st.integers(0, 2**128 - 1))
        case fields.Choice():
            return st.sampled_from(list(kind.members.values()))
        case fields.ListOf():
            size = min(kind.most, kind.least + 3)
            return st.lists(values_of_kind(kind.item), min_size=kind.least, max_size=size).map(tuple)
    raise TypeError(f"no strategy for the kind {type(kind).__name__}")
