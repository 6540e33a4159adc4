"""Scores fall by weight and recover with time; bans follow the weight and double; allowances have a burst and a rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridnode.network.buckets import TokenBucket
from gridnode.network.config import NetworkLimits
from gridnode.network.peers import MAX_BAN_MS, Peer, PeerTable
from gridnode.primitives.errors import PeerFault

LIMITS = NetworkLimits(bytes_per_s=1000, messages_per_s=10, floods_per_s=5, burst_s=2)
KEY = bytes(32)


def test_score_falls_by_weight_and_recovers() -> None:
    peer = Peer(KEY, LIMITS, 0)
    assert not peer.punish(PeerFault("noise", 3), 1_000)
    assert peer.score(1_000) == 97
    assert peer.score(10_999) == 97
    assert peer.score(11_000) == 98
    assert peer.score(10**9) == 100


@pytest.mark.parametrize(
    ("weight", "ban_ms"), [(1, 6_000), (10, 60_000), (100, 600_000), (5_000, MAX_BAN_MS)]
)
def test_the_last_fault_says_how_long_the_ban_is(weight: int, ban_ms: int) -> None:
    peer = Peer(KEY, LIMITS, 0)
    peer.punish(PeerFault("almost", 99), 0)
    assert peer.punish(PeerFault("last", weight), 0)
    assert peer.banned_until_ms == ban_ms
    assert peer.is_banned(ban_ms - 1)
    assert peer.score(ban_ms - 1) == 0
    assert not peer.is_banned(ban_ms)
    assert peer.score(ban_ms) == 50


def test_bans_double() -> None:
    peer, now_ms, lengths = Peer(KEY, LIMITS, 0), 0, []
    for _ in range(5):
        peer.punish(PeerFault("again", 100), now_ms)
        lengths.append(peer.banned_until_ms - now_ms)
        now_ms = peer.banned_until_ms
    assert lengths == [600_000, 1_200_000, 2_400_000, MAX_BAN_MS, MAX_BAN_MS]


def test_a_banned_peer_is_not_banned_further() -> None:
    peer = Peer(KEY, LIMITS, 0)
    peer.punish(PeerFault("once", 100), 0)
    assert peer.punish(PeerFault("twice", 100), 1)
    assert peer.banned_until_ms == 600_000


def test_messages_beyond_the_burst_are_held_up_and_blamed() -> None:
    peer = Peer(KEY, LIMITS, 0)
    assert [peer.charge(1, False, 0) for _ in range(20)] == [(0, False)] * 20
    assert peer.charge(1, False, 0) == (100, True)
    assert peer.charge(1, True, 0) == (0, False)
    assert peer.charge(1, False, 10_000) == (0, False)
    assert (peer.messages_in, peer.bytes_in) == (23, 23)


def test_bytes_beyond_the_burst_are_held_up_and_not_blamed() -> None:
    peer = Peer(KEY, LIMITS, 0)
    assert peer.charge(2_000, False, 0) == (0, False)
    assert peer.charge(500, True, 0) == (500, False)


def test_floods_have_an_allowance() -> None:
    peer = Peer(KEY, LIMITS, 0)
    assert [peer.may_flood(0) for _ in range(11)] == [True] * 10 + [False]


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 10**6))),
)
def test_a_bucket_gives_its_rate_and_burst_and_no_more(
    rate: int, burst: int, takes: list[tuple[int, int]]
) -> None:
    bucket, now_ms, taken = TokenBucket(rate, burst, 0), 0, 0
    for later_ms, amount in takes:
        now_ms += later_ms
        taken += amount
        pause_ms = bucket.take(amount, now_ms)
        if pause_ms == 0:
            assert taken * 1000 <= burst * 1000 + now_ms * rate
        else:
            # Waiting so long pays the debt, one ms less does not.
            assert TokenBucket.take(bucket, 0, now_ms) == pause_ms
            now_ms += pause_ms
            assert bucket.take(0, now_ms) == 0


def test_a_clock_that_jumps_back_gives_nothing() -> None:
    bucket = TokenBucket(10, 10, 1_000)
    assert bucket.take(10, 1_000) == 0
    assert bucket.take(1, 0) == 100
    assert bucket.take(0, 100) == 0


def test_the_table_is_as_large_as_the_licences() -> None:
    table = PeerTable(LIMITS)
    first, second = table.get(b"b" * 32, 0), table.get(b"a" * 32, 0)
    assert table.get(b"b" * 32, 5) is first
    assert table.known() == [second, first]
    table.forget([b"b" * 32, b"c" * 32])
    assert table.known() == [second]
