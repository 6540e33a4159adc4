"""The input file: what it means, which part of it is played, and the place of whatever is wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridnode.primitives.errors import OperatorError
from gridnode.replay.day import MTUS, load_day
from gridnode.replay.testnet import DEFAULT_DAY
from tests.unit.replay.days import NOON, small

HEAD = ["meter_id", "zone", "kind", "connection_point", *(f"{n // 4:02}:{n % 4 * 15:02}" for n in range(MTUS))]
ROW = ["M-1", "EAST", "household", "P-1", *("5" for _ in range(MTUS))]
SHIPPED = Path(__file__).parents[3] / "gridnode" / "replay" / DEFAULT_DAY


def written(folder: Path, *rows: list[str]) -> Path:
    """A file of rows."""
    file = folder / "day.csv"
    file.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    return file


def changed(column: int, value: str) -> list[str]:
    """The row with another cell."""
    return [*ROW[:column], value, *ROW[column + 1 :]]


def test_the_shipped_day() -> None:
    """755 meters in six zones; sums as its note says."""
    day = load_day(SHIPPED)
    assert len(day.meters) == 755
    assert day.zones == ("BANGKOK", "CENTRAL", "EAST", "NORTH", "NORTHEAST", "SOUTH")
    assert day.quarters == range(MTUS)
    assert day.generated_wh == sum(sum(meter.energy_wh) for meter in day.meters if meter.kind in ("pv", "pv_battery"))
    assert day.generated_wh > 0 < day.consumed_wh


WRONG: dict[str, tuple[list[list[str]], str]] = {
    "no columns": ([["meter"], ROW], "day.csv:1: expected the columns"),
    "a column too few": ([HEAD[:-1], ROW], "day.csv:1"),
    "no meters": ([HEAD], "at least one meter"),
    "a cell too few": ([HEAD, ROW, ROW[:-1]], "day.csv:3: expected 100 columns, got 99"),
    "negative": ([HEAD, changed(6, "-1")], "day.csv:2: quarter hour 2"),
    "a fraction": ([HEAD, changed(4, "1.5")], "quarter hour 0"),
    "empty": ([HEAD, changed(99, "")], "quarter hour 95"),
    "other digits": ([HEAD, changed(4, "٣")], "quarter hour 0"),
    "too large": ([HEAD, changed(4, str(2**40 + 1))], "quarter hour 0"),
    "kind": ([HEAD, changed(2, "wind")], "day.csv:2: kind: expected one of"),
    "no name": ([HEAD, changed(0, "")], "day.csv:2: meter_id"),
    "a space": ([HEAD, changed(3, "P 1")], "day.csv:2: connection_point"),
    "twice": ([HEAD, ROW, ROW], "meter M-1 appears twice"),
    "two zones": ([HEAD, ROW, ["M-2", "WEST", *ROW[2:]]], "connection point P-1 is in two zones"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named(tmp_path: Path, case: str) -> None:
    """File, line and cell."""
    rows, words = WRONG[case]
    with pytest.raises(OperatorError, match=words):
        load_day(written(tmp_path, *rows))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(OperatorError, match=r"nowhere\.csv"):
        load_day(tmp_path / "nowhere.csv")


def test_a_part_of_a_day_is_the_day_without_the_rest() -> None:
    """The quarter hours keep their numbers, and so their tariff."""
    day, part = small(), small().during(NOON, NOON + 2)
    assert part.quarters == range(NOON, NOON + 2)
    assert part.generated_wh * MTUS == day.generated_wh * 2
    assert [item.energy_wh[NOON] for item in part.meters] == [item.energy_wh[NOON] for item in day.meters]
    assert all(item.energy_wh[NOON - 1] == item.energy_wh[NOON + 2] == 0 for item in part.meters)
    for first, stop in ((5, 5), (-1, 4), (90, 97)):
        with pytest.raises(OperatorError, match="quarter hours"):
            day.during(first, stop)
