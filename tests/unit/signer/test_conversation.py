"""Node and signer over a real socket: what is signed, what is refused, what a lost answer and a lying signer do."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
import trio

from gridnode.chain.transaction import decode_transaction
from gridnode.chain.vote import Proposal, Vote, VoteKind, vote_hash
from gridnode.codec.records import decode
from gridnode.crypto.keys import verify
from gridnode.modules.validators.lease import TakeLease
from gridnode.primitives.errors import OperatorError, PeerFault
from gridnode.primitives.ids import NO_HASH
from gridnode.primitives.limits import MAX_SIGNER_CONNECTIONS, MAX_SIGNER_FRAME_BYTES
from gridnode.signer import wire
from gridnode.signer.greet import greet, signed_lease
from gridnode.signer.serve import lock_folder, receive
from gridnode.signer.signs import Away
from gridnode.storage.sign_guard import LeaseWish, Refused, SignGuard, last_signed
from tests.unit.signer.setting import BLOCK, CHAIN, KEYS, OTHERS, RIVAL, caller, node, run, serving, welcome

HELLO = wire.to_frame(wire.Hello(wire.VERSION, CHAIN, True))
LEASE = LeaseWish(OTHERS.public_key, 3, 1_000, 7)


def test_votes_and_proposals_are_signed_once_a_step(tmp_path: Path) -> None:
    """The signer's guard decides: the same wish again gets the same signature, another one none."""

    async def script() -> None:
        async with serving(tmp_path) as guard, node(tmp_path, welcome(guard)) as (key, _, returns):
            await returns.receive()
            proposal = await key.sign_proposal(5, 0, -1, BLOCK)
            vote = await key.sign_vote(VoteKind.PREVOTE, 5, 0, BLOCK)
            assert isinstance(proposal, Proposal)
            assert isinstance(vote, Vote)
            assert verify(KEYS.public_key, vote_hash(CHAIN, VoteKind.PREVOTE, 5, 0, BLOCK), vote.signature)
            assert await key.sign_vote(VoteKind.PREVOTE, 5, 0, BLOCK) == vote
            assert isinstance(await key.sign_vote(VoteKind.PREVOTE, 5, 0, RIVAL), Refused)
            assert isinstance(await key.sign_proposal(5, 0, -1, BLOCK), Refused)
            assert key.last == guard.last == last_signed(tmp_path / "guard")

    run(script)


def test_the_lease_is_the_one_transaction_that_is_signed(tmp_path: Path) -> None:
    """The signer builds it from its fields, for its own validator."""

    async def script() -> None:
        async with serving(tmp_path) as guard, node(tmp_path, welcome(guard)) as (key, _, returns):
            await returns.receive()
            raw = await key.take_lease(LEASE)
            assert isinstance(raw, bytes)
            assert raw == await trio.to_thread.run_sync(signed_lease, tmp_path / "socket", CHAIN, LEASE)
            body = decode_transaction(raw).body
            assert (body.chain_id, body.sender_key, body.valid_until_ms) == (CHAIN, KEYS.public_key, 1_000)
            [message] = body.messages
            assert decode(TakeLease, message.body) == TakeLease(key.address, OTHERS.public_key, 3)
            assert guard.last is None

    run(script)


def test_a_floor_is_for_good(tmp_path: Path) -> None:
    """Nothing up to its height is signed, whoever asks; it only rises."""

    async def script() -> None:
        async with serving(tmp_path) as guard, node(tmp_path, welcome(guard)) as (key, _, returns):
            await returns.receive()
            assert await key.raise_to(7) is None
            assert key.last is not None
            assert key.last.is_floor
            assert isinstance(await key.sign_vote(VoteKind.PRECOMMIT, 7, 3, BLOCK), Refused)
            assert isinstance(await key.raise_to(6), Refused)
            assert isinstance(await key.sign_vote(VoteKind.PREVOTE, 8, 0, BLOCK), Vote)

    run(script)


def test_a_signer_that_comes_back_goes_on(tmp_path: Path) -> None:
    """While it is away nothing is signed and nothing hangs; what it had signed it still has."""

    async def script() -> None:
        async with serving(tmp_path) as guard:
            first = welcome(guard)
        async with node(tmp_path, first) as (key, _, returns):
            assert isinstance(await key.sign_vote(VoteKind.PREVOTE, 5, 0, BLOCK), Away)
            async with serving(tmp_path):
                await returns.receive()
                vote = await key.sign_vote(VoteKind.PREVOTE, 5, 0, BLOCK)
            async with serving(tmp_path):
                await returns.receive()
                assert await key.sign_vote(VoteKind.PREVOTE, 5, 0, BLOCK) == vote
                assert isinstance(await key.sign_vote(VoteKind.PREVOTE, 5, 0, RIVAL), Refused)

    run(script)


def test_a_lost_answer_is_asked_for_again(tmp_path: Path) -> None:
    """The guard had written the record when the connection died: the same wish gets the same signature, and bars nothing."""
    answers = 0

    async def dies_once(stream: trio.SocketStream) -> None:
        nonlocal answers
        guard = SignGuard(tmp_path / "guard", CHAIN, KEYS)
        async with stream:
            await receive(stream)
            await stream.send_all(wire.to_frame(welcome(guard)))
            while (wish := await receive(stream)) is not None:
                vote = guard.sign_vote(wish.kind, wish.height, wish.round, wish.block_hash)
                assert isinstance(vote, Vote)
                answers += 1
                if answers == 1:
                    return
                await stream.send_all(wire.to_frame(wire.Signed(vote.signature)))

    async def script() -> None:
        async with serving(tmp_path, dies_once) as guard, node(tmp_path, welcome(guard)) as (key, _, returns):
            await returns.receive()
            assert isinstance(await key.sign_vote(VoteKind.PREVOTE, 5, 0, BLOCK), Away)
            await returns.receive()
            assert isinstance(await key.sign_vote(VoteKind.PREVOTE, 5, 0, BLOCK), Vote)
            assert isinstance(await key.sign_vote(VoteKind.PREVOTE, 5, 1, BLOCK), Vote)
            assert answers == 3

    run(script)


@pytest.mark.parametrize(
    "answer",
    [
        wire.to_frame(wire.Signed(bytes(64))),
        wire.to_frame(wire.Signed(OTHERS.sign(vote_hash(CHAIN, VoteKind.PREVOTE, 5, 0, BLOCK)))),
        wire.to_frame(wire.Signed(KEYS.sign(vote_hash(CHAIN, VoteKind.PREVOTE, 5, 0, RIVAL)))),
        wire.to_frame(wire.Granted(b"1")),
        wire.to_frame(wire.AskLast(1)),
        wire.HEAD.pack(MAX_SIGNER_FRAME_BYTES + 1, 8),
        wire.HEAD.pack(1, 99) + b"1",
        wire.HEAD.pack(3, 8) + b"abc",
    ],
    ids=["nothing", "other key", "other block", "other kind", "a question", "too long", "unknown kind", "no record"],
)
def test_what_does_not_hold_is_not_handed_on(tmp_path: Path, answer: bytes) -> None:
    """A confused signer is as good as none: no vote, its connection is given up, and the next one is tried."""

    async def lies(stream: trio.SocketStream) -> None:
        async with stream:
            await receive(stream)
            await stream.send_all(wire.to_frame(welcome(guard)))
            await receive(stream)
            await stream.send_all(answer)
            with suppress(trio.BrokenResourceError):
                await receive(stream)

    guard = SignGuard(tmp_path / "guard", CHAIN, KEYS)

    async def script() -> None:
        async with serving(tmp_path, lies), node(tmp_path, welcome(guard)) as (key, log, returns):
            await returns.receive()
            assert isinstance(await key.sign_vote(VoteKind.PREVOTE, 5, 0, BLOCK), Away)
            assert key.last is None
            await returns.receive()
            assert "the signer is away; this node does not vote until it is back" in log.events

    run(script)


def test_another_key_is_not_taken(tmp_path: Path) -> None:
    """The node was started for one validator; a signer of another key in that place signs nothing for it."""

    async def script() -> None:
        async with serving(tmp_path):
            first = wire.Welcome(wire.VERSION, CHAIN, OTHERS.public_key, (), 0)
            async with node(tmp_path, first) as (key, log, _):
                while not log.events:
                    await trio.sleep(0)
                answer = await key.sign_vote(VoteKind.PREVOTE, 5, 0, BLOCK)
                assert isinstance(answer, Away)
                assert "expected the signer of key" in answer.reason

    run(script)


def test_a_guard_that_went_back_is_not_trusted(tmp_path: Path) -> None:
    """A signer restarted with an old guard would sign again what it has signed: the node that knows better does not ask it."""

    async def script() -> None:
        async with serving(tmp_path) as guard, node(tmp_path, welcome(guard)) as (key, _, returns):
            await returns.receive()
            await key.sign_vote(VoteKind.PREVOTE, 5, 0, BLOCK)
            first = welcome(guard)
        (tmp_path / "guard").unlink()
        async with serving(tmp_path), node(tmp_path, first) as (key, log, _):
            while not log.events:
                await trio.sleep(0)
            answer = await key.sign_vote(VoteKind.PREVOTE, 6, 0, BLOCK)
            assert isinstance(answer, Away)
            assert "forgotten" in answer.reason

    run(script)


def test_one_node_has_the_seat_and_the_next_knows_it_missed_something(tmp_path: Path) -> None:
    """Only the first connection gets signatures; when it is gone the second does, and not at the height at which it does not know why."""

    async def script() -> None:
        async with serving(tmp_path) as guard:
            first = welcome(guard)
            async with caller(tmp_path) as rival:
                await rival.send_all(HELLO)
                assert isinstance(await receive(rival), wire.Welcome)
                async with node(tmp_path, first) as (key, _, returns):
                    # the same process: a seat is handed over, for its owner may have come back before its end was seen
                    await returns.receive()
                    await rival.send_all(wire.to_frame(wire.VoteWish(VoteKind.PREVOTE, 5, 0, BLOCK)))
                    assert isinstance(await receive(rival), wire.No)
                    assert isinstance(await key.sign_vote(VoteKind.PREVOTE, 5, 0, BLOCK), Vote)
            async with node(tmp_path, first) as (key, log, returns):
                await returns.receive()
                assert "another node has signed through this signer; listening at that height" in log.events
                assert isinstance(await key.sign_vote(VoteKind.PRECOMMIT, 5, 0, BLOCK), Refused)
                assert isinstance(await key.sign_vote(VoteKind.PREVOTE, 6, 0, BLOCK), Vote)

    run(script)


@pytest.mark.parametrize(
    "frame",
    [
        wire.to_frame(wire.AskLast(1)),
        wire.to_frame(wire.Hello(2, CHAIN, True)),
        wire.to_frame(wire.Hello(1, "another", True)),
        wire.HEAD.pack(2**31, 1),
        wire.HEAD.pack(0, 1),
        b"GET / HTTP/1.1\r\n\r\n",
        HELLO + wire.to_frame(wire.Signed(bytes(64))),
        HELLO + wire.to_frame(wire.VoteWish(VoteKind.PREVOTE, 5, 0, BLOCK))[:-1],
    ],
    ids=["no hello", "version", "chain", "huge", "empty", "http", "an answer", "cut short"],
)
def test_who_does_not_speak_the_language_is_shown_out(tmp_path: Path, frame: bytes) -> None:
    """Nothing is signed, the connection ends, and the signer serves the next one."""

    async def script() -> None:
        async with serving(tmp_path) as guard:
            async with caller(tmp_path) as stream:
                await stream.send_all(frame)
                await stream.send_eof()
                with suppress(trio.BrokenResourceError):
                    while await stream.receive_some(4_096):
                        pass
            assert guard.last is None
            async with node(tmp_path, welcome(guard)) as (key, _, returns):
                await returns.receive()
                assert isinstance(await key.sign_vote(VoteKind.PREVOTE, 5, 0, NO_HASH), Vote)

    run(script)


def test_connections_are_bounded(tmp_path: Path) -> None:
    """One more than the bound is closed without an answer."""

    async def script() -> None:
        async with serving(tmp_path):
            streams = [await trio.open_unix_socket(str(tmp_path / "socket")) for _ in range(MAX_SIGNER_CONNECTIONS)]
            for stream in streams:
                await stream.send_all(HELLO)
                assert isinstance(await receive(stream), wire.Welcome)
            async with caller(tmp_path) as late:
                assert await receive(late) is None
            for stream in streams:
                await stream.aclose()

    run(script)


def test_the_greeting_alone(tmp_path: Path) -> None:
    """A doctor asks what the signer is, also while a node has the seat; without a signer it is told what to start."""

    async def script() -> None:
        async with serving(tmp_path) as guard, node(tmp_path, welcome(guard)) as (key, _, returns):
            await returns.receive()
            await key.sign_vote(VoteKind.PREVOTE, 5, 0, BLOCK)
            told = await trio.to_thread.run_sync(greet, tmp_path / "socket", CHAIN)
            assert (told.public_key, told.last, told.seat_taken_by) == (KEYS.public_key, (guard.last,), 0)
            with pytest.raises(OperatorError, match="expected chain"):
                await trio.to_thread.run_sync(greet, tmp_path / "socket", "another")

    run(script)
    with pytest.raises(OperatorError, match="start gridnode signer first"):
        greet(tmp_path / "socket", CHAIN)


def test_places_that_are_not_safe(tmp_path: Path) -> None:
    """A folder that others can write to, something else in the socket's place, a second signer."""
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    with pytest.raises(OperatorError, match="others may put a socket"):
        greet(open_folder / "socket", CHAIN)
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="this is no socket"):
        greet(tmp_path / "file", CHAIN)
    with pytest.raises(OperatorError, match="at most 107 bytes"):
        greet(tmp_path / ("s" * 120), CHAIN)

    async def script() -> None:
        async with serving(tmp_path):
            assert (tmp_path / "socket").stat().st_mode & 0o777 == 0o600
            with pytest.raises(OperatorError, match="listens there already"):
                async with serving(tmp_path):
                    pass

    run(script)


def test_a_guard_has_one_signer(tmp_path: Path) -> None:
    """Two would each remember only their own."""
    lock = lock_folder(tmp_path / "guard")
    with pytest.raises(OperatorError, match="another signer holds this guard"):
        lock_folder(tmp_path / "guard")
    os.close(lock)
    os.close(lock_folder(tmp_path / "guard"))


def test_what_a_welcome_must_say() -> None:
    """Version, chain, a last record of its own."""
    for fault in (wire.No("busy"), wire.AskLast(1), wire.Welcome(2, CHAIN, KEYS.public_key, (), 0)):
        with pytest.raises(PeerFault):
            wire.check_welcome(fault, CHAIN)
