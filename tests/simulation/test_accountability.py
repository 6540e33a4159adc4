"""Who is convicted after a fork: by each of the three counts, and never the honest."""

from __future__ import annotations

from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.crypto.address import address_of
from gridnode.simulation.accountability import Record, accused
from gridnode.simulation.electorate import Electorates
from gridnode.simulation.setting import chain_of, validator_keys

MEMBERS = Electorates(chain_of((1, 1, 1, 1)).genesis)
V, W = b"v" * 32, b"w" * 32
PREVOTE, PRECOMMIT = VoteKind.PREVOTE, VoteKind.PRECOMMIT


def who(*numbers: int) -> list[bytes]:
    """Addresses of validators, ascending."""
    return sorted(address_of(validator_keys(number).public_key) for number in numbers)


def record(*said: tuple[VoteKind, int, bytes, tuple[int, ...]]) -> Record:
    """What was heard: kind, round, block, by whom."""
    made = Record(MEMBERS)
    for kind, round_, block_hash, numbers in said:
        for number in numbers:
            made.add(Vote(kind, 1, round_, block_hash, who(number)[0], bytes(64)))
    return made


def test_two_commits_of_one_round_convict_who_signed_both() -> None:
    heard = record(
        (PREVOTE, 0, V, (0, 2, 3)), (PRECOMMIT, 0, V, (0, 2, 3)), (PREVOTE, 0, W, (1, 2, 3)), (PRECOMMIT, 0, W, (1, 2, 3))
    )  # fmt: skip
    assert accused(heard) == who(2, 3)


def test_who_forgets_a_lock_is_convicted_without_any_equivocation() -> None:
    heard = record(
        (PREVOTE, 0, V, (0, 2, 3)), (PRECOMMIT, 0, V, (0, 2, 3)), (PREVOTE, 1, W, (1, 2, 3)), (PRECOMMIT, 1, W, (1, 2, 3))
    )  # fmt: skip
    assert accused(heard) == who(2, 3)


def test_who_precommits_without_a_polka_is_convicted() -> None:
    heard = record((PREVOTE, 0, V, (0, 2, 3)), (PRECOMMIT, 0, V, (0, 2, 3)), (PRECOMMIT, 1, W, (1, 2, 3)))
    assert accused(heard) == who(1, 2, 3)


def test_an_honest_unlock_is_no_crime() -> None:
    """Locked on v in round 0, freed by the polka for w in round 1, prevotes and precommits w in round 2."""
    heard = record(
        (PREVOTE, 0, V, (0, 1, 2)), (PRECOMMIT, 0, V, (0,)),
        (PREVOTE, 1, W, (1, 2, 3)), (PRECOMMIT, 1, W, (1,)),
        (PREVOTE, 2, W, (0, 1, 2)), (PRECOMMIT, 2, W, (0, 1, 2)),
    )  # fmt: skip
    assert accused(heard) == []


def test_two_proposals_of_a_round_convict_their_author() -> None:
    made = Record(MEMBERS)
    for block_hash in (V, W):
        made.add(Proposal(1, 0, -1, block_hash, who(1)[0], bytes(64)))
    assert accused(made) == who(1)
