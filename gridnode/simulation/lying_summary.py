"""Summaries that are not true: of rounds that nobody has reached, of votes that are not, of nothing at all."""

from __future__ import annotations

from random import Random

from gridnode.chain.vote import NO_ROUND
from gridnode.consensus.summary import BlockMarks, RoundHeard, Summary, VotesHeard
from gridnode.primitives.ids import NO_HASH, Hash
from gridnode.primitives.limits import MAX_ROUND, MAX_SUMMARY_BLOCKS, MAX_SUMMARY_ROUNDS, MAX_VALIDATORS
from gridnode.primitives.units import Height, Round


def lying_summary(random: Random, height: int, round_: int) -> Summary:
    """A summary within the record's bounds, of a height and around a round at which others may be."""
    height = max(0, height + random.choice((0, 0, 0, -1, 1, 1_000)))
    at = random.choice((round_, round_, NO_ROUND, round_ + 1, MAX_ROUND))
    first = max(0, min(round_ - 1, MAX_ROUND - MAX_SUMMARY_ROUNDS))
    rounds = tuple(_round(random, first + number) for number in range(random.randint(0, MAX_SUMMARY_ROUNDS)))
    return Summary(
        Height(height), Round(min(at, MAX_ROUND)), random.randint(0, 4), NO_ROUND, random.randrange(2) == 0, rounds
    )


def _round(random: Random, round_: int) -> RoundHeard:
    return RoundHeard(Round(round_), _hash(random), _votes(random), _votes(random))


def _votes(random: Random) -> VotesHeard:
    count = random.randint(0, MAX_SUMMARY_BLOCKS)
    return VotesHeard(tuple(BlockMarks(_hash(random), _marks(random)) for _ in range(count)), _marks(random))


def _hash(random: Random) -> Hash:
    return random.choice((NO_HASH, Hash(random.randbytes(32))))


def _marks(random: Random) -> bytes:
    return random.choice((b"", b"\xff" * (MAX_VALIDATORS // 8), random.randbytes(1)))
