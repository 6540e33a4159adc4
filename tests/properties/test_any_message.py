"""Whatever well-formed message whoever sends: it takes effect or is refused with a code of its module, and the chain goes on.

Numbers come from the ends of their range and from around the present, names and accounts from those that exist, so that messages get
as far into the rules as they can.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridnode.codec import fields
from gridnode.codec.records import Nested, layout
from gridnode.crypto.address import module_address
from gridnode.execution.registry import MODULES
from gridnode.modules.market.messages import CancelAll
from gridnode.modules.market.tables import Mode
from tests.energy_world import (
    ACTORS,
    MTU_MS,
    START_MS,
    World,
    account,
    bid,
    device,
    offer,
    reading,
    sheet,
    two_zones,
)

MTU = START_MS // MTU_MS
NUMBERS = (0, 1, 2, 7, 10, 1_000, 2_500_000, MTU - 1, MTU, MTU + 1, MTU + 2, MTU + 97, START_MS, START_MS + 5_000)
NAMES = ("alice-point", "bob-point", "carol-point", "nowhere", "alice-pv", "bob-load", "CITY", "NORTH", "BUS", "city-bus")
KEYS = tuple(device(meter).public_key for meter in ("alice-pv", "bob-load", "nobody"))
ACCOUNTS = (*map(account, ACTORS), account("stranger"), module_address("market/escrow"))
CLASSES = [cls for module in MODULES for cls in module.handlers]


def _values(cls: type[Any]) -> st.SearchStrategy[Any]:
    return st.builds(cls, *map(_field, layout(cls).kinds.values()))


def _field(kind: fields.Field) -> st.SearchStrategy[Any]:
    """Values of a kind of field that mean something in the world, and those at the ends of its range."""
    match kind:
        case Nested():
            return _values(kind.layout.cls)
        case fields.Int():
            return st.sampled_from([*(n for n in NUMBERS if kind.low <= n <= kind.high), kind.low, kind.high - 1, kind.high])
        case fields.Bool():
            return st.booleans()
        case fields.AddressField():
            return st.sampled_from(ACCOUNTS)
        case fields.AddressOrNil():
            return st.sampled_from((b"", *ACCOUNTS))
        case fields.Bytes():
            return st.sampled_from(KEYS) if kind.low == len(KEYS[0]) else st.just(bytes(kind.low))
        case fields.Text():
            return st.sampled_from(NAMES) if kind.name else st.sampled_from(["", "why"])
        case fields.AmountField():
            return st.sampled_from([0, 1, 1_000, 10**9, 2**128 - 1])
        case fields.Choice():
            return st.sampled_from(list(kind.members.values()))
        case fields.ListOf():
            return st.lists(_field(kind.item), min_size=kind.least, max_size=min(kind.most, kind.least + 2)).map(tuple)
    raise TypeError(f"no strategy for the kind {type(kind).__name__}")


def _codes() -> Iterator[int]:
    for module in MODULES:
        yield from map(int, module.codes)


CALLS = st.lists(
    st.tuples(st.sampled_from(ACTORS), st.sampled_from(CLASSES).flatmap(_values)), min_size=4, max_size=30
)


def _world(mode: Mode) -> World:
    """A market with a few open orders, trades and readings."""
    call_ms = 500 if mode is Mode.BOTH else 0
    world = two_zones(market={"mode": mode, "call_ms": call_ms, "lock_from_wh": 5_000})
    world.ok(
        sheet("alice", 1, offer(MTU + 2, 100, 2_000_000), offer(MTU + 3, 9_000, 2_000_000)),
        sheet("bob", 1, bid(MTU + 2, 50, 4_000_000), bid(MTU + 3, 10_000, 4_000_000)),
    )
    world.until((MTU + 3) * MTU_MS)
    world.ok(("alice", reading("alice-pv", MTU + 2, generated_wh=80)))
    return world


@given(calls=CALLS, mode=st.sampled_from(Mode))
@example(calls=[("bob", CancelAll(2**64 - 1)), ("bob", sheet("bob", 2, bid(2**64 - 1, 1, 1))[1])], mode=Mode.BOTH)
@settings(max_examples=60)
def test_a_message_takes_effect_or_has_a_code(calls: list[tuple[str, Any]], mode: Mode) -> None:
    world = _world(mode)
    known = {0, *_codes()}
    for call in calls:
        [code] = world.block(call, after_ms=1)
        assert code in known
    world.until((MTU + 8) * MTU_MS)
