"""What a node remembers of itself: since when it is where it is, who came and went, what was refused, what comes next."""

from __future__ import annotations

from gridnode.consensus.effects import ScheduleTimeout
from gridnode.consensus.inputs import TimeoutKind
from gridnode.consensus.machine import Step
from gridnode.node.watch import LinkState, Rejection, Watch


def timeout(height: int, after_ms: int, kind: TimeoutKind = TimeoutKind.PROPOSE) -> ScheduleTimeout:
    """One of round 0."""
    return ScheduleTimeout(kind, height, 0, after_ms)


def test_times_change_when_the_place_does() -> None:
    watch = Watch(100)
    watch.moved(5, -1, Step.START, 200)
    assert (watch.height_since_ms, watch.step_since_ms) == (200, 200)
    watch.moved(5, -1, Step.START, 300)
    assert watch.step_since_ms == 200
    watch.moved(5, 0, Step.PROPOSE, 400)
    watch.moved(5, 1, Step.PROPOSE, 500)
    assert (watch.height_since_ms, watch.step_since_ms) == (200, 500)
    watch.moved(6, -1, Step.START, 600)
    assert (watch.height_since_ms, watch.step_since_ms, watch.started_ms) == (600, 600, 100)


def test_what_comes_next() -> None:
    watch = Watch(0)
    watch.scheduled(timeout(5, 3_000), 0)
    watch.scheduled(timeout(5, 1_000, TimeoutKind.RESEND), 0)
    due = watch.next_due(5, 500)
    assert due is not None
    assert (due.timeout.kind, due.due_ms) == (TimeoutKind.RESEND, 1_000)
    assert watch.next_due(6, 500) is None
    later = watch.next_due(5, 1_001)
    assert later is not None
    assert later.due_ms == 3_000
    assert watch.next_due(5, 3_001) is None
    watch.scheduled(timeout(6, 10), 0)
    assert watch.next_due(5, 0) is None, "a height that has ended is forgotten"


def test_timeouts_do_not_pile_up() -> None:
    watch = Watch(0)
    for time_ms in range(0, 100_000, 10):
        watch.scheduled(timeout(5, 100), time_ms)
    assert len(watch._due) <= 11


def test_peers_blocks_and_refusals() -> None:
    watch = Watch(0)
    assert (watch.stored_ms, watch.rejection, watch.peers) == (None, None, {})
    watch.linked(b"a", True, 10)
    watch.linked(b"a", False, 20)
    assert watch.peers == {b"a": LinkState(False, 20)}
    watch.stored(30)
    watch.rejected(7, b"h", "state_root", 40)
    assert (watch.stored_ms, watch.rejection) == (30, Rejection(7, b"h", "state_root", 40))
