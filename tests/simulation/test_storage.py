"""Log and guard on a disk that loses what it did not promise: what they say is durable is there after every power cut."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from gridnode.chain.vote import Vote, VoteKind
from gridnode.primitives.errors import OperatorError
from gridnode.simulation.disk import Disk
from gridnode.simulation.kernel import Died
from gridnode.simulation.setting import validator_keys
from gridnode.storage.sign_guard import SignGuard
from gridnode.storage.wal import Wal

FOLDER, GUARD = Path("wal"), Path("guard")


def disk(seed: int, moments: int = 10**9) -> Disk:
    """A disk whose process dies after so many changes."""
    left = [moments]

    def moment() -> None:
        left[0] -= 1
        if not left[0]:
            raise Died

    return Disk(Random(seed), moment)


def votes(guard: SignGuard, first: int, stop: int) -> None:
    """Sign a prevote for each of these heights. Raises OperatorError, Died."""
    for height in range(first, stop):
        assert isinstance(guard.sign_vote(VoteKind.PREVOTE, height, 0, b"a" * 32), Vote)


def log_of_one_that_died(made: Disk) -> None:
    """A log whose process has appended an entry, and died before it synced anything."""
    first = Wal(FOLDER, made)
    first.prune(1)
    first.append(b"one", False)


@pytest.mark.parametrize("seed", range(20))
def test_a_log_that_was_made_before_a_death_is_durable_once_it_is_synced(seed: int) -> None:
    """The second process syncs an entry of its own; then the power goes."""
    made = disk(seed)
    log_of_one_that_died(made)
    second = Wal(FOLDER, made)
    second.prune(1)
    second.append(b"two", True)
    made.lose_power()
    assert Wal(FOLDER, made).entries() == [b"one", b"two"]


@pytest.mark.parametrize("seed", range(20))
def test_what_a_restart_has_read_survives_a_power_cut(seed: int) -> None:
    """The second process signs what the log leads to, and syncs nothing before (seed 7590 of the simulation)."""
    made = disk(seed)
    log_of_one_that_died(made)
    assert Wal(FOLDER, made).entries() == [b"one"]
    made.lose_power()
    assert Wal(FOLDER, made).entries() == [b"one"]


@pytest.mark.parametrize("moments", range(1, 9))
def test_what_the_guard_answers_after_a_death_survives_a_power_cut(moments: int) -> None:
    """It dies somewhere in its second signature; whatever it then remembers is answered, so it must stay remembered."""
    keys = validator_keys(0)
    for seed in range(20):
        made = disk(seed, 4 + moments)
        with suppress(Died):
            votes(SignGuard(GUARD, "chain", keys, made), 1, 4)
        made.moment = lambda: None
        remembered = SignGuard(GUARD, "chain", keys, made).last
        made.lose_power()
        assert SignGuard(GUARD, "chain", keys, made).last == remembered


def test_a_full_disk_never_leaves_a_torn_record() -> None:
    """The guard says that it cannot write, and goes on from what it has signed when there is room again."""
    keys = validator_keys(0)
    for seed in range(60):
        made = disk(seed)
        guard = SignGuard(GUARD, "chain", keys, made)
        guard.sign_vote(VoteKind.PREVOTE, 1, 0, b"a" * 32)
        made.is_full = True
        with pytest.raises(OperatorError, match="No space"):
            votes(guard, 2, 40)
        made.is_full = False
        made.lose_power()
        last = SignGuard(GUARD, "chain", keys, made).last
        assert last is not None
        assert last.height >= 1
