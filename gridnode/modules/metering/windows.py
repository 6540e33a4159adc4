"""When versions of a reading are taken, and from when on they come too late for the first settlement."""

from __future__ import annotations

from gridnode.modules.context import Context
from gridnode.modules.grid.clock import mtu_ms
from gridnode.modules.metering.codes import MeteringCode
from gridnode.modules.metering.tables import PARAMS
from gridnode.primitives.errors import Rejected
from gridnode.primitives.units import TimeMs
from gridnode.state.kv import Reader


def window_end_ms(reader: Reader, mtu: int) -> TimeMs:
    """Chain time from which `mtu` may be settled; versions that come then are late."""
    return TimeMs((mtu + 1) * mtu_ms(reader) + PARAMS.require(reader).reading_window_ms)


def correction_end_ms(reader: Reader, mtu: int) -> TimeMs:
    """Chain time from which no version of a reading of `mtu` is taken."""
    return TimeMs((mtu + 1) * mtu_ms(reader) + PARAMS.require(reader).correction_window_ms)


def check_window(context: Context, mtu: int, is_correction: bool) -> bool:
    """Whether a version that comes now is late.

    Raises Rejected(TOO_EARLY, WINDOW_CLOSED, or CORRECTION_CLOSED when `is_correction`: the meter has a version).
    """
    now_ms = context.time_ms
    end_ms = (mtu + 1) * mtu_ms(context.state)
    if now_ms < end_ms:
        raise Rejected(MeteringCode.TOO_EARLY, f"MTU {mtu} has not ended at chain time {now_ms}", "mtu")
    params = PARAMS.require(context.state)
    if now_ms - end_ms >= params.correction_window_ms:
        code = MeteringCode.CORRECTION_CLOSED if is_correction else MeteringCode.WINDOW_CLOSED
        closed_ms = end_ms + params.correction_window_ms
        detail = f"readings of MTU {mtu} were taken until {closed_ms}, chain time is {now_ms}"
        raise Rejected(code, detail, "mtu")
    return now_ms - end_ms >= params.reading_window_ms
