"""Bans and the numbering of floods outlive a restart, whatever the clock does; a damaged file is the operator's to remove."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridnode.network.gossip import SEQUENCE_STEP
from gridnode.network.network import sequence_of
from gridnode.network.peers import Sentence
from gridnode.node.peer_memory import PeerMemory
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.limits import MAX_BAN_REASON_CHARS, MAX_REMEMBERED_BANS

NOW_MS = 1_764_000_000_000
BAN = Sentence(b"k" * 32, NOW_MS + 1, 3, "sends what is no frame")


def test_bans_come_back(tmp_path: Path) -> None:
    memory = PeerMemory(tmp_path / "data" / "peers", NOW_MS)
    assert memory.sentences == ()
    memory.keep([BAN])
    assert PeerMemory(tmp_path / "data" / "peers", NOW_MS).sentences == (BAN,)
    assert PeerMemory(tmp_path / "data" / "peers", NOW_MS).sentences == (BAN,)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["peers"]


def test_sequences_rise_though_the_clock_falls(tmp_path: Path) -> None:
    firsts = [PeerMemory(tmp_path / "peers", clock).first_sequence for clock in (NOW_MS, 0, NOW_MS + 3_600_000)]
    assert firsts[0] == sequence_of(NOW_MS)
    assert firsts[1] == firsts[0] + SEQUENCE_STEP
    assert firsts[2] == sequence_of(NOW_MS + 3_600_000)


def test_what_is_kept_is_bounded_and_plain(tmp_path: Path) -> None:
    memory = PeerMemory(tmp_path / "peers", NOW_MS)
    many = [Sentence(number.to_bytes(32, "big"), number, 1, "x") for number in range(MAX_REMEMBERED_BANS + 5)]
    memory.keep([*many, Sentence(b"k" * 32, NOW_MS, 1, "\ud800" * 500)])
    kept = PeerMemory(tmp_path / "peers", NOW_MS).sentences
    assert len(kept) == MAX_REMEMBERED_BANS
    assert kept[-1].reason == "?" * MAX_BAN_REASON_CHARS
    assert kept[0].until_ms == 6


@pytest.mark.parametrize("damage", [b"", b"\xc1", b"\x92\x00"])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, damage: bytes) -> None:
    PeerMemory(tmp_path / "peers", NOW_MS).keep([BAN])
    (tmp_path / "peers").write_bytes(damage)
    with pytest.raises(OperatorError, match="remove it to forget all bans"):
        PeerMemory(tmp_path / "peers", NOW_MS)


def test_a_disk_that_refuses_is_the_operators(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OperatorError, match="peers: cannot"):
        PeerMemory(tmp_path / "file" / "peers", NOW_MS)
