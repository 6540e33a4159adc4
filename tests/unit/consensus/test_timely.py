"""Which times of blocks are prevoted: the bounds themselves are, one millisecond beyond is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridnode.consensus.timely import is_timely
from gridnode.primitives.limits import MAX_CLOCK_DRIFT_MS, MAX_CLOCK_LAG_MS
from tests.unit.consensus.setting import PARAMS

CLOCK_MS = 1_800_000_000_000
LONGEST_MS = PARAMS.timeout_cap_ms
HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("off_ms", "timely"),
    [
        (0, True),
        (MAX_CLOCK_DRIFT_MS, True),
        (MAX_CLOCK_DRIFT_MS + 1, False),
        (-LONGEST_MS - MAX_CLOCK_LAG_MS, True),
        (-LONGEST_MS - MAX_CLOCK_LAG_MS - 1, False),
        (HOUR_MS, False),
        (-HOUR_MS, False),
    ],
)
def test_bounds(off_ms: int, timely: bool) -> None:
    assert is_timely(PARAMS, CLOCK_MS + off_ms, CLOCK_MS) is timely


def test_a_proposal_that_may_take_long_is_not_too_old() -> None:
    """Where a round may last ten minutes, a block may be ten minutes under way."""
    patient = replace(PARAMS, propose_timeout_ms=600_000)
    assert is_timely(patient, CLOCK_MS - 600_000, CLOCK_MS)
    assert not is_timely(PARAMS, CLOCK_MS - 600_000, CLOCK_MS)
