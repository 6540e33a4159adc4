"""Frames survive any cutting of the byte stream; what cannot be a frame is refused before it is stored."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridnode.network.config import Channel
from gridnode.network.frames import FrameKind, FrameReader, decode_channel, encode_frame
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.limits import MAX_FRAME_BYTES

FRAMES = st.lists(st.tuples(st.sampled_from(FrameKind), st.binary(max_size=300)), max_size=20)


@given(FRAMES, st.lists(st.integers(1, 500), min_size=1))
def test_frames_come_out_as_they_went_in(frames: list[tuple[FrameKind, bytes]], cuts: list[int]) -> None:
    stream = b"".join(encode_frame(kind, body) for kind, body in frames)
    reader, out, start, turn = FrameReader(), [], 0, 0
    while start < len(stream):
        size = cuts[turn % len(cuts)]
        out += list(reader.feed(stream[start : start + size]))
        start, turn = start + size, turn + 1
    assert out == frames


@given(FRAMES, st.binary(min_size=1, max_size=64))
def test_no_bytes_crash_the_reader(frames: list[tuple[FrameKind, bytes]], garbage: bytes) -> None:
    reader = FrameReader()
    stream = b"".join(encode_frame(kind, body) for kind, body in frames) + garbage
    out: list[tuple[FrameKind, bytes]] = []
    with suppress(PeerFault):
        for frame in reader.feed(stream):
            out.append(frame)
    assert out[: len(frames)] == frames


@pytest.mark.parametrize("length", [0, MAX_FRAME_BYTES + 1, 2**32 - 1])
def test_a_length_out_of_bounds_is_refused_from_the_length_alone(length: int) -> None:
    with pytest.raises(PeerFault):
        list(FrameReader().feed(length.to_bytes(4, "big")))


def test_an_unknown_kind_is_refused_before_its_body_is_there() -> None:
    with pytest.raises(PeerFault, match="kind 0"):
        list(FrameReader().feed((1000).to_bytes(4, "big") + b"\x00"))


def test_the_frames_before_a_broken_one_count() -> None:
    reader = FrameReader()
    frames = reader.feed(encode_frame(FrameKind.PING) + bytes(4))
    assert next(frames) == (FrameKind.PING, b"")
    with pytest.raises(PeerFault):
        next(frames)


def test_our_own_frame_out_of_bounds_is_our_own_fault() -> None:
    assert len(encode_frame(FrameKind.MESSAGE, bytes(MAX_FRAME_BYTES - 1))) == MAX_FRAME_BYTES + 4
    with pytest.raises(ValueError):
        encode_frame(FrameKind.MESSAGE, bytes(MAX_FRAME_BYTES))


def test_channels() -> None:
    assert [decode_channel(int(channel)) for channel in Channel] == list(Channel)
    with pytest.raises(PeerFault):
        decode_channel(0)
