"""How long a header may be trusted: less than evidence counts, whoever says so, in a command or in a configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gridnode.chain.genesis import Genesis
from gridnode.execution.genesis import evidence_period_ms
from gridnode.light.terms import DEFAULT_TRUSTING_PERIOD_MS, Terms
from gridnode.node.config import SyncSection
from gridnode.node.genesis_file import load_genesis
from gridnode.node.light_walk import terms_of
from gridnode.primitives.errors import OperatorError
from tests.chain_in_memory import genesis

FILES = Path(__file__).parents[3] / "genesis"
HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("wished", "evidence_ms", "period_ms"),
    [
        (0, 30 * 24 * HOUR_MS, DEFAULT_TRUSTING_PERIOD_MS),
        (0, 3_000, 2_000),
        (0, 2, 1),
        (999, 1_000, 999),
        (10**13, 10**13 + 1, 10**13),
    ],
)
def test_what_is_wished_or_two_thirds_of_it(wished: int, evidence_ms: int, period_ms: int) -> None:
    assert Terms.within("c", wished, evidence_ms, "--trusting-period") == Terms("c", period_ms)


@pytest.mark.parametrize(("wished", "evidence_ms"), [(1_000, 1_000), (1_001, 1_000), (0, 1)])
def test_longer_names_both_numbers_and_what_to_change(wished: int, evidence_ms: int) -> None:
    expected = rf"^--trusting-period: expected less than {evidence_ms} ms.*evidence_ms.*make --trusting-period"
    with pytest.raises(OperatorError, match=expected):
        Terms.within("c", wished, evidence_ms, "--trusting-period")


def test_by_time_and_by_the_fastest_blocks() -> None:
    """The test chain takes evidence for 64 s and 100 blocks, of which four come in a second at most."""
    start = genesis()
    blocks_ms = 100 * start.params.block_interval_ms
    assert evidence_period_ms(start) == min(64_000, blocks_ms)
    slow = replace(start, params=replace(start.params, block_interval_ms=60_000))
    assert evidence_period_ms(slow) == 64_000
    with pytest.raises(OperatorError, match="genesis: validators: "):
        evidence_period_ms(replace(start, modules=()))


@pytest.mark.parametrize("name", ["thailand", "campus", "devnet"])
def test_every_genesis_file_has_a_period_by_default(name: str) -> None:
    start: Genesis = load_genesis(FILES / f"{name}.toml")
    assert 0 < terms_of(start, SyncSection()).trusting_period_ms < evidence_period_ms(start)
    with pytest.raises(OperatorError, match=r"^sync\.trusting_period_hours: expected less than"):
        terms_of(start, SyncSection(trusting_period_hours=87_600))
