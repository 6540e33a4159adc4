"""What is dear is found out once a height: again for the next height, forgotten when there is too much, also with None found."""

from __future__ import annotations

from collections.abc import Callable

from gridnode.api.memo import Memo
from gridnode.primitives.limits import MAX_REMEMBERED


class Finder:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def __call__(self, found: object) -> Callable[[], object]:
        def find() -> object:
            self.calls.append(found)
            return found

        return find


def test_once_a_height_and_key() -> None:
    memo, finder = Memo(), Finder()
    assert [memo.once(1, "a", finder(10)), memo.once(1, "a", finder(11)), memo.once(1, "b", finder(None))] == [10, 10, None]
    assert memo.once(1, "b", finder(12)) is None
    assert memo.once(2, "a", finder(20)) == 20
    assert memo.once(1, "a", finder(13)) == 13
    assert finder.calls == [10, None, 20, 13]


def test_too_much_is_forgotten() -> None:
    memo, finder = Memo(), Finder()
    for key in range(MAX_REMEMBERED + 1):
        memo.once(1, key, finder(key))
    memo.once(1, MAX_REMEMBERED, finder("known"))
    memo.once(1, 0, finder("again"))
    assert finder.calls[MAX_REMEMBERED + 1 :] == ["again"]


def test_who_is_slow_does_not_answer_for_another_height() -> None:
    """While a part of height 1 is found out, somebody asks about height 2."""
    memo = Memo()

    def slow() -> str:
        assert memo.once(2, "b", lambda: "two") == "two"
        return "one"

    assert memo.once(1, "a", slow) == "one"
    assert memo.once(2, "a", lambda: "two") == "two"
