"""The soak in a small form: drawn from a seed, the same draw each time, and what holds for 2,000 blocks holds for 40."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from gridnode.primitives.errors import OperatorError
from tests.endtoend.runner import Run
from tests.endtoend.soak import DRAWS, draw


def test_the_same_seed_draws_the_same_soak() -> None:
    """Another seed another one; all kinds come about."""
    one = draw(2_000, 30.0, 1, 20, 5)
    assert one == draw(2_000, 30.0, 1, 20, 5)
    assert one.perturbations != draw(2_000, 30.0, 2, 20, 5).perturbations
    assert {what.kind for what in one.perturbations} == {kind for kind, _, _ in DRAWS}
    times = [what.second for what in one.perturbations if what.second is not None]
    assert len(times) == len(one.perturbations)
    assert [after - before for before, after in pairwise(times)] == [30.0] * (len(times) - 1)


def test_a_soak_out_of_bounds() -> None:
    """Named like any other manifest's fault."""
    with pytest.raises(OperatorError, match="blocks"):
        draw(0, 30.0, 1, 20, 5)


def test_a_small_soak_keeps_its_promises(tmp_path: Path) -> None:
    """With orders, so that books and escrow are among what must be the same everywhere."""
    report = Run(draw(40, 5.0, 3, 10, 2), tmp_path / "soak")()
    assert report["perturbations"] >= 2
    assert report["transactions"]["in_blocks"] == report["transactions"]["signed"] > 0
