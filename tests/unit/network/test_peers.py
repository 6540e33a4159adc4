"""Scores fall by weight and recover with time; bans follow the weight and double; allowances have a burst and a rate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridnode.network.buckets import TokenBucket
from gridnode.network.config import Channel, NetworkLimits
from gridnode.network.peers import FORGIVEN_MS, MAX_BAN_MS, Peer, PeerTable, Sentence
from gridnode.primitives.errors import PeerFault

LIMITS = NetworkLimits(
    bytes_per_s=1000, messages_per_s=10, floods_per_s=5, burst_s=2, patience_ms=300, links_burst=3
)
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


def test_messages_beyond_the_burst_are_held_up_and_blamed_beyond_patience() -> None:
    peer = Peer(KEY, LIMITS, 0)
    assert [peer.charge(1, False, 0) for _ in range(20)] == [(0, 0)] * 20
    held = [peer.charge(1, False, 0) for _ in range(14)]
    assert [pause_ms for pause_ms, _ in held] == list(range(100, 1_500, 100))
    assert [faults for _, faults in held] == [0] * 12 + [1, 0]
    assert peer.charge(1, True, 0) == (0, 0)
    assert peer.charge(1, False, 60_000) == (0, 0)
    assert (peer.messages_in, peer.bytes_in, peer.allowance.held_up_ms) == (36, 36, 1_400)


def test_a_backlog_now_and_then_is_never_blamed() -> None:
    """What a busy honest peer had waiting while we stood still, once a minute."""
    limits = NetworkLimits()
    peer = Peer(KEY, limits, 0)
    for minute in range(20):
        now_ms = minute * 60_000
        for number in range(3 * limits.queue_messages):
            pause_ms, faults = peer.charge(100, False, now_ms)
            assert faults == 0
            if number % 100 == 0:  # so many come with one read, before the pause takes hold
                now_ms += pause_ms
    assert peer.score(20 * 60_000) == 100


def test_bytes_and_packets_beyond_the_burst_are_held_up_and_not_blamed() -> None:
    allowance = Peer(KEY, LIMITS, 0).allowance
    assert allowance.hear_packet(2_000, 0) == 0
    assert allowance.hear_packet(500, 0) == 500


def test_channels_have_an_allowance_each_and_an_author_one_for_its_floods() -> None:
    allowance = Peer(KEY, LIMITS, 0).allowance
    assert [allowance.has_room(Channel.TRANSACTIONS, 1, 0) for _ in range(12)] == [True] * 11 + [False]
    assert allowance.excess == 1
    assert allowance.has_room(Channel.CONSENSUS, 1, 0)
    assert allowance.has_room(Channel.TRANSACTIONS, 1, 400)


def test_links_have_an_allowance() -> None:
    allowance = Peer(KEY, LIMITS, 0).allowance
    assert [allowance.may_link(0) for _ in range(5)] == [True, True, True, True, False]
    assert not allowance.may_link(999)
    assert allowance.may_link(1_000)


def test_what_nobody_waits_for_is_late_only_as_far_as_it_was_asked_for() -> None:
    allowance = Peer(KEY, LIMITS, 0).allowance
    assert not allowance.take_late(1)
    allowance.expect_late(100)
    assert [allowance.take_late(60) for _ in range(2)] == [True, False]
    assert allowance.take_late(40)


def test_clients_share_and_validators_do_not() -> None:
    """Peers that are not preferred leave each other, and nobody else, without room."""
    table = PeerTable(replace(NetworkLimits(), total_messages_per_s=10, total_bytes_per_s=1_000_000), 0)
    table.shared.preferred = frozenset([b"v" * 32])
    client, other, validator = (table.get(name * 32, 0) for name in (b"a", b"b", b"v"))
    assert [client.charge(1, False, 0) for _ in range(20)] == [(0, 0)] * 20
    assert client.charge(1, False, 0) == (100, 0)
    assert other.charge(1, False, 0) == (200, 0)
    assert validator.charge(1, False, 0) == (0, 0)
    assert other.allowance.hear_packet(2_000_000, 0) == 200
    assert validator.allowance.hear_packet(2_000_000, 0) == 0


def test_a_ban_is_remembered_and_old_ones_are_forgiven() -> None:
    peer = Peer(KEY, LIMITS, 0)
    assert peer.sentence() is None
    peer.punish(PeerFault("first", 100), 0)
    peer.punish(PeerFault("second", 100), peer.banned_until_ms)
    sentence = peer.sentence()
    assert sentence == Sentence(KEY, 1_800_000, 2, "second")
    back = Peer(KEY, LIMITS, 700_000)
    back.serve(sentence, 700_000)
    assert (back.is_banned(1_799_999), back.is_banned(1_800_000)) == (True, False)
    assert (back.bans(1_800_000), back.bans(1_800_000 + FORGIVEN_MS), back.bans(10**12)) == (2, 1, 0)
    back.punish(PeerFault("third", 100), 1_800_000 + FORGIVEN_MS)
    assert back.banned_until_ms == 1_800_000 + FORGIVEN_MS + 1_200_000


def test_a_clock_that_was_wrong_makes_no_ban_longer_than_one_can_be() -> None:
    peer = Peer(KEY, LIMITS, 0)
    peer.serve(Sentence(KEY, 10**15, 1, "long ago"), 1_000)
    assert peer.banned_until_ms == 1_000 + MAX_BAN_MS


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
    table = PeerTable(LIMITS, 0)
    first, second = table.get(b"b" * 32, 0), table.get(b"a" * 32, 0)
    assert table.get(b"b" * 32, 5) is first
    assert table.known() == [second, first]
    table.forget([b"b" * 32, b"c" * 32])
    assert table.known() == [second]
