"""Which part of a large block is asked of whom: everything once, at the end twice, and never again of who lied."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gridnode.primitives.ids import TransactionId
from gridnode.primitives.limits import MAX_FETCH_IDS, MAX_PARTS_PER_HOLDER
from gridnode.sync.parts import MAX_ASKED_AT_ONCE, SMALL_PART, Parts

A, B, C = b"a", b"b", b"c"


def ids(*numbers: int) -> tuple[TransactionId, ...]:
    """Made-up ids."""
    return tuple(TransactionId(number.to_bytes(32, "big")) for number in numbers)


MANY = ids(*range(2 * MAX_FETCH_IDS + 10))


def with_a_slow_one(brought: int) -> tuple[Parts, tuple[TransactionId, ...]]:
    """A is asked for the first part and silent; B has brought all others, so many of them."""
    parts = Parts(ids(*range((1 + brought) * SMALL_PART)), 1 + brought)
    slow = parts.next_part(A)
    for _ in range(brought):
        part = parts.next_part(B)
        parts.answered(B, part, part)
    return parts, slow


def test_parts_are_bounded_in_the_blocks_order_and_not_asked_twice() -> None:
    parts = Parts(MANY, 2)
    assert parts.next_part(A) == MANY[:MAX_FETCH_IDS]
    assert parts.next_part(B) == MANY[MAX_FETCH_IDS : 2 * MAX_FETCH_IDS]
    assert parts.next_part(A) == MANY[2 * MAX_FETCH_IDS :]
    assert not parts.is_whole
    assert parts.missing == len(MANY)


def test_at_the_end_another_is_asked_for_what_one_holds_up() -> None:
    """Of one that has brought enough since; of two at most, and nobody twice; whoever is first brings it."""
    parts, slow = with_a_slow_one(MAX_PARTS_PER_HOLDER - 1)
    assert parts.next_part(B) == ()
    parts, slow = with_a_slow_one(MAX_PARTS_PER_HOLDER)
    assert parts.next_part(A) == parts.next_part(C) == ()
    assert parts.next_part(B) == slow
    assert parts.next_part(B) == ()
    parts.answered(B, slow, slow)
    assert parts.is_whole
    parts.answered(A, slow, slow)
    assert parts.is_whole


def test_a_holder_has_a_few_questions_at_once() -> None:
    parts = Parts(ids(*range(SMALL_PART * 9)), 9)
    asked = [parts.next_part(A) for _ in range(MAX_PARTS_PER_HOLDER)]
    assert [len(part) for part in asked] == [SMALL_PART] * MAX_PARTS_PER_HOLDER
    assert parts.next_part(A) == ()
    parts.answered(A, asked[0], asked[0])
    assert len(parts.next_part(A)) == SMALL_PART


def test_what_is_missing_is_cut_into_equal_parts() -> None:
    """One for each question; a few are not cut."""
    for missing, at_once, size in ((900, 12, 75), (10, 12, 10), (SMALL_PART + 1, 12, SMALL_PART), (10_000, 3, MAX_FETCH_IDS)):
        assert len(Parts(ids(*range(missing)), at_once).next_part(A)) == size


def test_the_rest_of_a_full_answer_is_free_again() -> None:
    parts = Parts(ids(1, 2, 3), 1)
    assert parts.next_part(A) == ids(1, 2, 3)
    parts.answered(A, ids(1, 2, 3), ids(1), is_full=True)
    assert parts.next_part(A) == ids(2, 3)


def test_what_is_left_out_of_an_answer_with_room_its_holder_lacks() -> None:
    """Else one that brings a transaction at a time would be asked for all of them, one after the other."""
    parts = Parts(ids(1, 2, 3), 1)
    parts.answered(A, parts.next_part(A), ids(1))
    assert parts.next_part(A) == ()
    assert parts.next_part(B) == ids(2, 3)


def test_who_brings_nothing_lacks_it_and_may_have_the_rest() -> None:
    parts = Parts(MANY[: MAX_FETCH_IDS + 1], 1)
    first = parts.next_part(A)
    parts.answered(A, first, ())
    assert parts.next_part(A) == MANY[MAX_FETCH_IDS : MAX_FETCH_IDS + 1]
    assert parts.next_part(B) == first


def test_who_brings_what_another_has_brought_meanwhile_does_not_lack_the_rest() -> None:
    parts, slow = with_a_slow_one(MAX_PARTS_PER_HOLDER)
    assert parts.next_part(B) == slow
    parts.answered(A, slow, slow[:1], is_full=True)
    parts.answered(B, slow, slow[:1], is_full=True)
    assert parts.next_part(B) == slow[1:]


def test_who_fails_is_asked_for_nothing_more() -> None:
    parts = Parts(ids(1, 2), 1)
    parts.failed(A, parts.next_part(A))
    assert parts.next_part(A) == ()
    assert parts.next_part(B) == ids(1, 2)


def test_nothing_missing_nothing_asked() -> None:
    parts = Parts((), 1)
    assert parts.is_whole
    assert parts.next_part(A) == ()


@given(st.data(), st.integers(0, 100), st.integers(1, 4))
def test_it_ends_whole_when_somebody_has_each(data: st.DataObject, count: int, holders: int) -> None:
    """Holders that have some, answer short, late, or not at all, in any order: what a good one has arrives, and every asking ends."""
    wanted = ids(*range(count))
    names = [bytes([number]) for number in range(holders)]
    has = {name: set(data.draw(st.lists(st.sampled_from(wanted)))) if wanted else set() for name in names}
    fails = {name: data.draw(st.booleans()) for name in names}
    parts, under_way, found = Parts(wanted, data.draw(st.integers(1, 12))), [], set()
    for _ in range(10_000):
        asks = [(name, part) for name in names if (part := parts.next_part(name))]
        under_way += asks
        for wanted_id in wanted:
            assert sum(wanted_id in part for _, part in under_way) <= MAX_ASKED_AT_ONCE
        if not under_way:
            break
        name, part = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
        if fails[name]:
            parts.failed(name, part)
            continue
        brought = [one for one in part if one in has[name]]
        fitting = brought[: data.draw(st.integers(1, len(brought)))] if brought else []
        found.update(fitting)
        parts.answered(name, part, fitting, is_full=len(fitting) < len(brought))
    else:
        raise AssertionError("it does not end")
    good = {one for name in names if not fails[name] for one in has[name]}
    assert good <= found
    assert parts.missing == count - len(found)
