"""A small day: connection points of the shipped one, and the few quarter hours around noon when there is most to trade."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from gridnode.replay.day import Day, load_day

SHIPPED = Path(str(files("gridnode.replay") / "data/simbench_2016-06-22.csv"))
FIRST, STOP = 46, 54
"""11:30 to 13:30."""
POINTS_A_ZONE = 2


def small_csv(folder: Path) -> Path:
    """The shipped day's file with the first points of each zone that generate, and as many that do not."""
    day = load_day(SHIPPED)
    makers = {meter.point for meter in day.meters if meter.generates}
    chosen: list[str] = []
    for zone in day.zones:
        points = dict.fromkeys(meter.point for meter in day.meters if meter.zone == zone)
        chosen += [point for point in points if point in makers][:POINTS_A_ZONE]
        chosen += [point for point in points if point not in makers][:POINTS_A_ZONE]
    head, *rows = SHIPPED.read_text(encoding="utf-8").splitlines()
    kept = [row for row in rows if row.split(",")[3] in chosen]
    target = folder / "small.csv"
    target.write_text("\n".join([head, *kept]) + "\n", encoding="utf-8")
    return target


def small_day(folder: Path) -> Day:
    """That file as a day of STOP - FIRST quarter hours."""
    return load_day(small_csv(folder)).during(FIRST, STOP)
