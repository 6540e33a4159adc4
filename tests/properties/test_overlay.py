"""The overlay agrees with a dict that is copied at every begin, whatever is done to it in whatever order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gridnode.primitives.limits import MAX_STATE_NESTING
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State

KEYS = st.one_of(
    st.binary(max_size=4),
    st.tuples(st.sampled_from([b"\x01\x01", b"\x01\x02", b"\x02\x00"]), st.integers(0, 40)).map(
        lambda key: key[0] + bytes([key[1]])
    ),
)
VALUES = st.binary(max_size=2)
RANGES = st.one_of(st.tuples(KEYS, KEYS), st.just((b"", b"\xff" * 8)), st.just((b"\x01\x01", b"\x01\x02")))


class OverlayMachine(RuleBasedStateMachine):
    """Does the same to a `State` and to plain dicts."""

    @initialize(base=st.dictionaries(KEYS, VALUES))
    def start(self, base: dict[bytes, bytes]) -> None:
        self.base = base
        self.state = State(MemoryReader(base))
        self.copies = [dict(base)]

    @rule(key=KEYS, value=VALUES)
    def put(self, key: bytes, value: bytes) -> None:
        self.state.put(key, value)
        self.copies[-1][key] = value

    @rule(rows=st.dictionaries(KEYS, VALUES, min_size=9, max_size=30))
    def put_many(self, rows: dict[bytes, bytes]) -> None:
        for key, value in rows.items():
            self.put(key, value)

    @rule(key=KEYS)
    def delete(self, key: bytes) -> None:
        self.state.delete(key)
        self.copies[-1].pop(key, None)

    @rule(data=st.data())
    def delete_what_is_there(self, data: st.DataObject) -> None:
        if self.copies[-1]:
            self.delete(data.draw(st.sampled_from(sorted(self.copies[-1]))))

    @rule(key=KEYS)
    def get(self, key: bytes) -> None:
        assert self.state.get(key) == self.copies[-1].get(key)

    @rule(bounds=RANGES, reverse=st.booleans())
    def scan(self, bounds: tuple[bytes, bytes], reverse: bool) -> None:
        expected = list(MemoryReader(self.copies[-1]).scan(*bounds, reverse))
        assert list(self.state.scan(*bounds, reverse)) == expected

    @rule(bounds=RANGES, reverse=st.booleans(), value=VALUES)
    def change_while_scanning(self, bounds: tuple[bytes, bytes], reverse: bool, value: bytes) -> None:
        """A scan sees what was there when it was called."""
        expected = list(MemoryReader(self.copies[-1]).scan(*bounds, reverse))
        seen = []
        for key, old in self.state.scan(*bounds, reverse):
            seen.append((key, old))
            self.delete(key)
            self.put(key + b"\x00", value)
            self.put(bytes([255 - byte for byte in key]), value)
        assert seen == expected

    @precondition(lambda self: len(self.copies) <= MAX_STATE_NESTING)
    @rule()
    def begin(self) -> None:
        self.state.begin()
        self.copies.append(dict(self.copies[-1]))

    @precondition(lambda self: len(self.copies) > 1)
    @rule()
    def commit(self) -> None:
        self.state.commit()
        self.copies[-2:] = [self.copies[-1]]

    @precondition(lambda self: len(self.copies) > 1)
    @rule()
    def rollback(self) -> None:
        self.state.rollback()
        self.copies.pop()

    @precondition(lambda self: hasattr(self, "copies") and len(self.copies) == 1)
    @invariant()
    def writes_are_the_net_change(self) -> None:
        [now] = self.copies
        expected = {
            key: now.get(key) for key in sorted({*now, *self.base}) if now.get(key) != self.base.get(key)
        }
        assert list(self.state.writes().items()) == list(expected.items())


OverlayMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestOverlay = OverlayMachine.TestCase


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, st.one_of(st.none(), VALUES)))
def test_writes_make_the_base_what_the_state_was(
    base: dict[bytes, bytes], changes: dict[bytes, bytes | None]
) -> None:
    reader = MemoryReader(base)
    state = State(reader)
    for key, value in changes.items():
        if value is None:
            state.delete(key)
        else:
            state.put(key, value)
    whole = list(state.scan(b"", b"\xff" * 8))
    reader.apply(state.writes())
    assert list(reader.scan(b"", b"\xff" * 8)) == whole
