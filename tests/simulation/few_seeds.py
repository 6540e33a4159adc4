"""A few seeds in this process, for who measures what they come past."""

from __future__ import annotations

import pytest

from gridnode.simulation.plan import Wish
from gridnode.simulation.run import simulate

SEEDS = 10


@pytest.mark.parametrize("seed", range(SEEDS))
def test_seed(seed: int) -> None:
    """Every promise is kept."""
    result = simulate(Wish(seed))
    assert result.violation is None, result.plan.wish.command
