"""The sign guard: never two signatures for one step, whatever dies and whenever; damage is an error, never a fresh start."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridnode.chain.vote import NO_ROUND, Proposal, Vote, VoteKind, proposal_hash, vote_hash
from gridnode.crypto.keys import key_pair, verify
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import NO_HASH, Hash, Signature
from gridnode.primitives.units import Height, Round
from gridnode.storage.sign_guard import LastSigned, Refused, SignGuard, SignStep, Wish, judge

CHAIN = "guarded-1"
KEYS = key_pair(b"\x07" * 32)
A, B = Hash(b"a" * 32), Hash(b"b" * 32)
PREVOTE, PRECOMMIT = VoteKind.PREVOTE, VoteKind.PRECOMMIT


def guard(folder: Path, chain_id: str = CHAIN) -> SignGuard:
    """The guard whose file is in `folder`."""
    return SignGuard(folder / "guard", chain_id, KEYS)


def prevote(signer: SignGuard, height: int, round_: int, block_hash: Hash, kind: VoteKind = PREVOTE) -> Vote | Refused:
    """Ask for a vote."""
    return signer.sign_vote(kind, Height(height), Round(round_), block_hash)


def test_signatures_verify_and_messages_are_complete(tmp_path: Path) -> None:
    signer = guard(tmp_path)
    made = signer.sign_proposal(Height(5), Round(2), Round(1), A)
    assert made == signer.last_message()
    assert isinstance(made, Proposal)
    assert verify(KEYS.public_key, proposal_hash(CHAIN, 5, 2, 1, A), made.signature)
    vote = prevote(signer, 5, 2, NO_HASH)
    assert vote == signer.last_message()
    assert isinstance(vote, Vote)
    assert vote.validator == signer.address
    assert verify(KEYS.public_key, vote_hash(CHAIN, PREVOTE, 5, 2, NO_HASH), vote.signature)


def test_the_same_wish_gets_the_same_signature_also_after_a_restart(tmp_path: Path) -> None:
    first = prevote(guard(tmp_path), 1, 0, A)
    again = guard(tmp_path)
    assert prevote(again, 1, 0, A) == first
    assert again.last_message() == first


def test_another_block_in_the_same_step_is_refused(tmp_path: Path) -> None:
    prevote(guard(tmp_path), 1, 0, A)
    signer = guard(tmp_path)
    for other in (B, NO_HASH):
        refused = prevote(signer, 1, 0, other)
        assert isinstance(refused, Refused)
        assert "prevote at height 1 round 0 is refused: another one of the same step is signed" in refused.reason
    assert isinstance(prevote(signer, 1, 0, A), Vote)


def test_another_valid_round_in_the_same_proposal_is_refused(tmp_path: Path) -> None:
    signer = guard(tmp_path)
    signer.sign_proposal(Height(1), Round(2), NO_ROUND, A)
    assert isinstance(signer.sign_proposal(Height(1), Round(2), Round(1), A), Refused)


def last_signed(height: int, round_: int, step: SignStep, signed: Hash) -> LastSigned:
    """The record after something was signed."""
    signature = Signature(b"s" * 64)
    return LastSigned(CHAIN, Height(height), Round(round_), step, NO_ROUND, signed, signed, signature)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2), st.sampled_from(SignStep), st.sampled_from([A, B]))))
def test_rule_never_allows_going_back_or_twice(wishes: list[tuple[int, int, SignStep, Hash]]) -> None:
    """Against the obvious rule over everything ever signed: allowed is what is above all of it, remembered what was last."""
    signed: list[tuple[int, int, SignStep, Hash]] = []
    for wish in wishes:
        last = last_signed(*signed[-1]) if signed else None
        verdict = judge(last, Wish(*wish))
        above_all = all(wish[:3] > before[:3] for before in signed)
        assert (verdict is None) is above_all
        assert (not isinstance(verdict, Refused) and verdict is not None) is (bool(signed) and wish == signed[-1])
        if verdict is None:
            signed.append(wish)
    for one, other in itertools.pairwise(signed):
        assert one[:3] < other[:3]


@pytest.mark.parametrize("change", ["empty", "short", "flipped", "other"])
def test_a_damaged_file_is_an_error_not_a_fresh_start(tmp_path: Path, change: str) -> None:
    prevote(guard(tmp_path), 3, 0, A)
    path = tmp_path / "guard"
    data = path.read_bytes()
    flipped = data[:40] + bytes([data[40] ^ 1]) + data[41:]
    path.write_bytes({"empty": b"", "short": data[:-1], "flipped": flipped, "other": b"x" * 200}[change])
    with pytest.raises(OperatorError, match="guard: the sign guard is damaged"):
        guard(tmp_path)


def test_every_flipped_bit_is_seen(tmp_path: Path) -> None:
    prevote(guard(tmp_path), 3, 0, A)
    path = tmp_path / "guard"
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        with pytest.raises(OperatorError):
            guard(tmp_path)


def test_guard_of_another_chain_is_refused(tmp_path: Path) -> None:
    prevote(guard(tmp_path), 1, 0, A)
    with pytest.raises(OperatorError, match="expected the sign guard of chain other-1, got guarded-1"):
        guard(tmp_path, "other-1")


def test_a_disk_that_fails_signs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = guard(tmp_path)
    prevote(signer, 1, 0, A)

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", broken)
        with pytest.raises(OperatorError, match="cannot be written: Input/output error"):
            prevote(signer, 1, 0, A, PRECOMMIT)
    assert signer.last is not None
    assert signer.last.step is SignStep.PREVOTE


def test_file_then_name_are_on_disk_before_the_signature_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, rename = os.fdatasync, Path.rename

    def noted_sync(file: int) -> None:
        done.append(f"sync {Path(f'/proc/self/fd/{file}').readlink().name}")
        sync(file)

    def noted_rename(path: Path, target: Path) -> Path:
        done.append(f"rename {path.name} {target.name}")
        return rename(path, target)

    monkeypatch.setattr(os, "fdatasync", noted_sync)
    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    prevote(guard(tmp_path), 1, 0, A)
    assert done == ["sync guard.new", "rename guard.new guard", f"sync {tmp_path.name}"]


def test_what_is_read_is_durable_before_it_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its maker may have died between the rename and the sync of the folder."""
    prevote(guard(tmp_path), 1, 0, A)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    guard(tmp_path)
    assert len(synced) == 1


def test_a_short_write_is_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is nearly full may take a part of the record; a part is never put in the record's place."""
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, data: write(file, data[:7]))
        prevote(guard(tmp_path), 1, 0, A)
    assert guard(tmp_path).last is not None


MOMENTS = ("before", "opened", "written", "synced", "renamed", "directory synced", "returned")
"""Moments of one signature at which the process is killed."""

VICTIM = """
import os, signal, sys
from pathlib import Path
from gridnode.chain.vote import VoteKind
from gridnode.crypto.keys import key_pair
from gridnode.storage import sign_guard

folder, moment = Path(sys.argv[1]), sys.argv[2]
signer = sign_guard.SignGuard(folder / "guard", "guarded-1", key_pair(b"\\x07" * 32))
signer.sign_vote(VoteKind.PREVOTE, 1, 0, b"a" * 32)

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def dies_after(call):
    def patched(*args, **kwargs):
        result = call(*args, **kwargs)
        die()
        return result
    return patched

if moment == "before":
    die()
elif moment == "opened":
    os.open = dies_after(os.open)
elif moment == "written":
    os.write = dies_after(os.write)
elif moment == "synced":
    os.fdatasync = dies_after(os.fdatasync)
elif moment == "renamed":
    Path.rename = dies_after(Path.rename)
elif moment == "directory synced":
    os.fsync = dies_after(os.fsync)
vote = signer.sign_vote(VoteKind.PREVOTE, 2, 0, b"a" * 32)
(folder / "sent").write_bytes(vote.signature)
die()
"""


@pytest.mark.parametrize("moment", MOMENTS)
def test_sigkill_at_any_moment_never_leads_to_two_signatures(tmp_path: Path, moment: str) -> None:
    killed = subprocess.run([sys.executable, "-c", VICTIM, str(tmp_path), moment], check=False)
    assert killed.returncode == -9
    signer = guard(tmp_path)
    assert signer.last is not None
    sent = (tmp_path / "sent").read_bytes() if (tmp_path / "sent").exists() else None
    recorded = signer.last.height == 2
    assert recorded is (moment in MOMENTS[4:]), "the record is the old one or the new one"
    assert sent is None or recorded, "what has left is on record"
    other = prevote(signer, 2, 0, B)
    assert isinstance(other, Refused) is recorded
    if recorded:
        same = prevote(signer, 2, 0, A)
        assert isinstance(same, Vote)
        assert sent in (None, same.signature)
