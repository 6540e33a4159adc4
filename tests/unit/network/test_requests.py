"""Answers are put together from pieces of the right peer within bounds; an answer never spans two links."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from gridnode.network.config import NetworkLimits
from gridnode.network.frames import FrameKind, FrameReader
from gridnode.network.peers import Peer
from gridnode.network.queues import Urgency
from gridnode.network.requests import PIECE_BYTES, Answerer, Asker, PeerUnavailable
from gridnode.primitives.errors import InvariantBroken, PeerFault
from gridnode.primitives.limits import MAX_RESPONSE_BYTES

LIMITS = NetworkLimits(queue_messages=8, requests_per_peer=2, requests_total=3)
MORE, LAST, REFUSED = b"\x00", b"\x01", b"\x02"


def peer(number: int) -> Peer:
    """A peer of that number."""
    return Peer(bytes((number,)) * 32, LIMITS, 0)


async def sent(to: Peer) -> list[tuple[FrameKind, bytes]]:
    """Frames that wait for a peer."""
    return list(FrameReader().feed(b"".join(await to.queue.take(1 << 30))))


def asked(react: Callable[[Asker, Peer, bytes], None]) -> bytes:
    """The answer to a question whose id `react` is given."""

    async def scene() -> bytes:
        asker, other = Asker(LIMITS, lambda _peer, _fault: None), peer(1)
        answers: list[bytes | PeerFault] = []

        async def ask() -> None:
            try:
                answers.append(await asker.ask(other, 7, b"question", 5_000))
            except PeerFault as fault:
                answers.append(fault)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            ((kind, body),) = await sent(other)
            assert (kind, body[8:]) == (FrameKind.REQUEST, b"\x07question")
            react(asker, other, body[:8])
        if isinstance(answers[0], PeerFault):
            raise answers[0]
        return answers[0]

    return trio.run(scene)


def test_pieces_make_an_answer() -> None:
    def react(asker: Asker, other: Peer, number: bytes) -> None:
        asker.on_response(other, number + MORE + b"ans")
        asker.on_response(other, number + MORE)
        asker.on_response(other, number + LAST + b"wer")
        asker.on_response(other, number + LAST + b"late")

    assert asked(react) == b"answer"


def test_another_peers_pieces_do_not_count() -> None:
    def react(asker: Asker, other: Peer, number: bytes) -> None:
        asker.on_response(peer(2), number + LAST + b"forged")
        asker.on_response(other, (99).to_bytes(8, "big") + LAST + b"for nobody")
        asker.on_response(other, number + LAST + b"true")

    assert asked(react) == b"true"


def test_an_endless_answer_is_a_fault() -> None:
    def react(asker: Asker, other: Peer, number: bytes) -> None:
        for _ in range(8):
            asker.on_response(other, number + MORE + bytes(MAX_RESPONSE_BYTES // 8))
        with pytest.raises(PeerFault) as raised:
            asker.on_response(other, number + MORE + b"x")
        assert raised.value.weight == 100

    with pytest.raises(PeerFault, match="more than"):
        asked(react)


def test_a_peer_that_goes_away_or_refuses_is_unavailable() -> None:
    with pytest.raises(PeerUnavailable, match="went away"):
        asked(lambda asker, other, _number: asker.on_disconnect(other.key))
    with pytest.raises(PeerUnavailable, match="refused"):
        asked(lambda asker, other, number: asker.on_response(other, number + REFUSED))


def test_an_answer_stops_when_the_link_ends() -> None:
    async def scene() -> None:
        other = peer(1)

        async def answer(_key: bytes, _kind: int, _payload: bytes) -> bytes:
            return bytes(20 * PIECE_BYTES)

        async with trio.open_nursery() as nursery:
            answerer = Answerer(LIMITS, nursery, answer, lambda _peer, _fault: None, lambda: 0)
            answerer.on_request(other, bytes(8) + b"\x01")
            await wait_all_tasks_blocked()
            assert len(other.queue) == 4
            assert not other.queue.has_room(Urgency.REQUESTS)
            other.epoch += 1
            other.queue.clear()
            await wait_all_tasks_blocked()
            assert len(other.queue) == 0
            assert other.serving == 0

    trio.run(scene)


def test_what_is_too_much_is_refused_but_everybody_may_have_one() -> None:
    async def scene() -> None:
        first, second, third = peer(1), peer(2), peer(3)

        async def answer(_key: bytes, _kind: int, _payload: bytes) -> bytes:
            await trio.sleep_forever()
            return b""

        async with trio.open_nursery() as nursery:
            answerer = Answerer(LIMITS, nursery, answer, lambda _peer, _fault: None, lambda: 0)
            for _ in range(3):
                answerer.on_request(first, bytes(8) + b"\x01")
                answerer.on_request(second, bytes(8) + b"\x01")
            assert await sent(first) == [(FrameKind.RESPONSE, bytes(8) + REFUSED)]
            assert await sent(second) == [(FrameKind.RESPONSE, bytes(8) + REFUSED)] * 2
            for _ in range(2):
                answerer.on_request(third, bytes(8) + b"\x01")
            assert third.serving == 1
            assert await sent(third) == [(FrameKind.RESPONSE, bytes(8) + REFUSED)]
            nursery.cancel_scope.cancel()
        assert (first.serving, second.serving, third.serving) == (0, 0, 0)

    trio.run(scene)


def test_a_peer_that_reads_nothing_holds_few_answers() -> None:
    """However many it asks for, only so many are made; the rest waits as questions."""

    async def scene() -> None:
        limits = replace(LIMITS, requests_per_peer=8, requests_total=8, answers_per_peer=2)
        other, made = Peer(bytes(32), limits, 0), 0

        async def answer(_key: bytes, _kind: int, _payload: bytes) -> bytes:
            nonlocal made
            made += 1
            return bytes(20 * PIECE_BYTES)

        async with trio.open_nursery() as nursery:
            answerer = Answerer(limits, nursery, answer, lambda _peer, _fault: None, lambda: 0)
            for _ in range(8):
                answerer.on_request(other, bytes(8) + b"\x01")
            await wait_all_tasks_blocked()
            assert (made, other.serving) == (2, 8)
            other.epoch += 1
            other.queue.clear()
            await wait_all_tasks_blocked()
            assert (made, other.serving) == (2, 0)

    trio.run(scene)


def test_questions_and_the_bytes_of_answers_have_a_rate() -> None:
    """The next question waits for what the last answer cost, on the clock of the test."""

    async def scene() -> None:
        limits = replace(LIMITS, answer_bytes_per_s=1_000, requests_per_s=10)
        other, asked = Peer(bytes(32), limits, 0), []

        async def answer(_key: bytes, _kind: int, _payload: bytes) -> bytes:
            asked.append(trio.current_time())
            return bytes(5_000)

        async with trio.open_nursery() as nursery:
            start = trio.current_time()
            answerer = Answerer(
                limits, nursery, answer, lambda _p, _f: None, lambda: round((trio.current_time() - start) * 1000)
            )
            for _ in range(2):
                answerer.on_request(other, bytes(8) + b"\x01")
                while other.serving:
                    await trio.sleep(0.1)
        assert asked[1] - asked[0] >= 3.0 - 0.2

    trio.run(scene, clock=MockClock(autojump_threshold=0))


def test_answers_that_nobody_asked_for_are_a_fault_and_late_ones_are_not() -> None:
    async def scene() -> None:
        asker, other = Asker(LIMITS, lambda peer, fault: faults.append(fault.weight)), peer(1)
        asker.on_response(other, (5).to_bytes(8, "big") + LAST + b"unasked")
        assert faults == [10]
        with pytest.raises(PeerFault, match="in time"):
            await asker.ask(other, 7, b"question", 1)
        ((_, body),) = await sent(other)
        assert not asker.awaits(other, body)
        asker.on_response(other, body[:8] + LAST + b"late")
        assert faults == [10]
        with trio.move_on_after(0.01):
            await asker.ask(other, 7, b"question", 60_000)
        ((_, body),) = await sent(other)
        asker.on_response(other, body[:8] + LAST + b"late as well")
        assert faults == [10]

    faults: list[int] = []
    trio.run(scene)


async def broken_off(before: Callable[[Asker, Peer, bytes], None], faults: list[PeerFault]) -> tuple[Asker, Peer, bytes]:
    """An asker whose link ended after `before`, its peer, and the id of the question that was open."""
    asker, other = Asker(LIMITS, lambda _peer, fault: faults.append(fault)), peer(1)

    async def ask() -> None:
        with suppress(PeerFault):
            await asker.ask(other, 7, b"question", 60_000)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        ((_, body),) = await sent(other)
        with suppress(PeerFault):
            before(asker, other, body[:8])
        asker.on_disconnect(other.key)
    return asker, other, body[:8]


def test_an_answer_that_goes_on_over_the_next_link_is_late_and_no_more_than_an_answer() -> None:
    """The peer has not noticed that the link broke: to it, the next one replaces the old one."""

    async def scene() -> None:
        faults: list[PeerFault] = []
        asker, other, number = await broken_off(
            lambda asker, other, number: asker.on_response(other, number + MORE + bytes(PIECE_BYTES)), faults
        )
        piece = number + MORE + bytes(PIECE_BYTES)
        for _ in range(MAX_RESPONSE_BYTES // PIECE_BYTES - 1):
            asker.on_response(other, piece)
        asker.on_response(other, number + LAST + bytes(MAX_RESPONSE_BYTES % PIECE_BYTES))
        assert faults == []
        asker.on_response(other, piece)
        assert [fault.weight for fault in faults] == [10]

    trio.run(scene)


@pytest.mark.parametrize(
    "end",
    [LAST + b"whole", REFUSED, MORE + bytes(MAX_RESPONSE_BYTES + 1)],
    ids=["whole", "refused", "endless"],
)
def test_nothing_is_late_of_an_answer_that_had_ended_when_the_link_broke(end: bytes) -> None:
    async def scene() -> None:
        faults: list[PeerFault] = []
        asker, other, number = await broken_off(
            lambda asker, other, number: asker.on_response(other, number + end), faults
        )
        asker.on_response(other, number + LAST)
        assert [fault.weight for fault in faults] == [10]

    trio.run(scene)


def test_the_first_link_of_a_run_may_bring_what_the_last_run_asked_for() -> None:
    """As much as a peer has in hand at a time; no later link of the same run brings more, and it adds up to no more than the bound."""
    asker, other = Asker(LIMITS, lambda _peer, _fault: None), peer(1)
    other.epoch = 1
    asker.on_connect(other)
    other.epoch = 3
    asker.on_connect(other)
    assert other.allowance.take_late(LIMITS.answers_per_peer * MAX_RESPONSE_BYTES)
    assert not other.allowance.take_late(1)
    generous, another = Asker(replace(LIMITS, answers_per_peer=100), lambda _peer, _fault: None), peer(2)
    another.epoch = 1
    generous.on_connect(another)
    assert another.allowance.take_late(LIMITS.late_bytes_per_peer)
    assert not another.allowance.take_late(1)


def test_all_questions_that_a_peer_may_be_asked_may_be_answered_late_in_full() -> None:
    """Whatever the limits are: an honest peer that was slow at all of them at once is at no fault, and has no byte more."""

    async def scene() -> None:
        faults: list[PeerFault] = []
        limits = replace(LIMITS, requests_per_peer=5, requests_total=5)
        asker, other = Asker(limits, lambda _peer, fault: faults.append(fault)), Peer(b"k" * 32, limits, 0)
        numbers = []

        async def ask() -> None:
            with suppress(PeerFault):
                await asker.ask(other, 7, b"question", 60_000)

        async with trio.open_nursery() as nursery:
            for _ in range(limits.requests_per_peer):
                nursery.start_soon(ask)
            while len(numbers) < limits.requests_per_peer:
                numbers += [body[:8] for _, body in await sent(other)]
            asker.on_disconnect(other.key)
        for number in numbers:
            for left in range(MAX_RESPONSE_BYTES, 0, -PIECE_BYTES):
                asker.on_response(other, number + (MORE if left > PIECE_BYTES else LAST) + bytes(min(left, PIECE_BYTES)))
        assert faults == []
        asker.on_response(other, numbers[0] + LAST)
        assert [fault.weight for fault in faults] == [10]

    trio.run(scene)


def test_two_runs_ask_with_different_ids() -> None:
    """Two of 2^63 are the same by chance once in longer than anybody waits."""

    async def first_id() -> int:
        other = peer(1)
        with suppress(PeerFault):
            await Asker(LIMITS, lambda _peer, _fault: None).ask(other, 7, b"question", 1)
        ((_, body),) = await sent(other)
        return int.from_bytes(body[:8], "big")

    first, second = trio.run(first_id), trio.run(first_id)
    assert abs(first - second) > 1_000


def test_our_own_answer_out_of_bounds_is_our_own_fault() -> None:
    async def scene() -> None:
        async def answer(_key: bytes, _kind: int, _payload: bytes) -> bytes:
            return bytes(MAX_RESPONSE_BYTES + 1)

        async with trio.open_nursery() as nursery:
            Answerer(LIMITS, nursery, answer, lambda _peer, _fault: None, lambda: 0).on_request(
                peer(1), bytes(8) + b"\x01"
            )

    with pytest.raises(ExceptionGroup) as raised:
        trio.run(scene)
    assert raised.group_contains(InvariantBroken)
