"""Handlers of grid messages, and the opening state: the network as genesis has it, and the ways between its zones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice, pairwise
from typing import Any, Final

from gridnode.modules.context import Context
from gridnode.modules.grid.codes import GridCode
from gridnode.modules.grid.events import HolidaysSet, TariffSet
from gridnode.modules.grid.messages import SetHolidays, SetTariff
from gridnode.modules.grid.network import lines, zones
from gridnode.modules.grid.tables import (
    FIXED,
    HOLIDAYS,
    LINES,
    PARAMS,
    TARIFFS,
    WAYS,
    ZONE_NUMBERS,
    ZONES,
    GridGenesis,
    Holiday,
)
from gridnode.modules.grid.tariff_checks import checked_tariff
from gridnode.modules.grid.tariffs import Tariff
from gridnode.modules.grid.ways import ways_from
from gridnode.modules.registry.standing import has_role
from gridnode.modules.registry.tables import SERVICES, Role
from gridnode.primitives.errors import OperatorError, Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_FUTURE_TARIFFS, MAX_HOLIDAYS
from gridnode.primitives.units import Mtu
from gridnode.state.overlay import State


def set_tariff(context: Context, sender: Address, message: SetTariff) -> None:
    """Handler of `grid.set_tariff`."""
    state = context.state
    _check_regulator(state, sender)
    earliest = _earliest(context)
    _check_notice(message.from_mtu, earliest, "from_mtu")
    is_replaced = TARIFFS.has(state, message.from_mtu)
    present = PARAMS.require(state).clock.mtu_at(context.time_ms)
    waiting = TARIFFS.scan(state, start=(present + 1,), limit=MAX_FUTURE_TARIFFS)
    if not is_replaced and len(list(waiting)) == MAX_FUTURE_TARIFFS:
        detail = f"expected at most {MAX_FUTURE_TARIFFS} tariffs that wait to come into force"
        raise Rejected(GridCode.TOO_MANY_TARIFFS, detail, "from_mtu")
    names = [zone.name for zone in zones(state)], [line.name for line in lines(state)]
    TARIFFS.put(state, message.from_mtu, checked_tariff(message.tariff, *names))
    FIXED.put(state, earliest)
    context.emit(TariffSet(message.from_mtu, is_replaced))


def set_holidays(context: Context, sender: Address, message: SetHolidays) -> None:
    """Handler of `grid.set_holidays`."""
    state = context.state
    _check_regulator(state, sender)
    clock = PARAMS.require(state).clock
    earliest = _earliest(context)
    _check_notice(clock.day_start(message.from_day), earliest, "from_day")
    _check_days(message.holidays, message.from_day)
    first = clock.day(earliest - 1) + 1
    kept = HOLIDAYS.scan(state, start=(first,), stop=(message.from_day,))
    if len(list(islice(kept, MAX_HOLIDAYS))) + len(message.holidays) > MAX_HOLIDAYS:
        raise Rejected(GridCode.TOO_MANY_HOLIDAYS, f"expected at most {MAX_HOLIDAYS} holidays ahead", "holidays")
    for (day,), _ in HOLIDAYS.scan(state, start=(message.from_day,)):
        HOLIDAYS.delete(state, day)
    for holiday in message.holidays:
        HOLIDAYS.put(state, holiday.day, holiday.name)
    FIXED.put(state, earliest)
    context.emit(HolidaysSet(message.from_day, len(message.holidays)))


def open(context: Context, genesis: GridGenesis) -> None:  # noqa: A001 (every module opens)
    """Write the opening state and the ways between all zones.

    Raises OperatorError for names that are used twice, a line that does not join two nodes, zones other than those the registry
    knows, a tariff that `grid.set_tariff` would refuse, or holidays that are not ascending.
    """
    state = context.state
    _check_zones(state, genesis)
    _check_lines(genesis)
    PARAMS.put(state, genesis.params)
    for number, zone in enumerate(genesis.zones):
        ZONES.put(state, number, zone)
        ZONE_NUMBERS.put(state, zone.name, number)
    for number, line in enumerate(genesis.lines):
        LINES.put(state, number, line)
    _put_ways(state, genesis)
    TARIFFS.put(state, 0, _opening_tariff(genesis))
    for holiday in genesis.holidays:
        HOLIDAYS.put(state, holiday.day, holiday.name)


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {
    SetTariff: set_tariff,
    SetHolidays: set_holidays,
}
"""Which handler runs which message."""


def _earliest(context: Context) -> Mtu:
    """The first MTU that may still change: it begins when the present MTU and the notice are over."""
    params = PARAMS.require(context.state)
    return Mtu(params.clock.mtu_at(context.time_ms) + params.notice_mtus + 1)


def _check_regulator(state: State, sender: Address) -> None:
    if not has_role(state, sender, Role.REGULATOR):
        raise Rejected(GridCode.NOT_REGULATOR, "expected a regulator as sender")


def _check_notice(mtu: int, earliest: int, field: str) -> None:
    if mtu < earliest:
        raise Rejected(GridCode.TOO_SOON, f"expected a change from MTU {earliest} on, got {mtu}", field)


def _check_days(holidays: Sequence[Holiday], from_day: int) -> None:
    if any(holiday.day < from_day for holiday in holidays):
        raise Rejected(GridCode.WRONG_DAYS, f"expected days from {from_day} on", "holidays")
    if any(one.day >= other.day for one, other in pairwise(holidays)):
        raise Rejected(GridCode.WRONG_DAYS, "expected ascending days", "holidays")


def _opening_tariff(genesis: GridGenesis) -> Tariff:
    names = [zone.name for zone in genesis.zones], [line.name for line in genesis.lines]
    try:
        _check_days(genesis.holidays, 0)
        return checked_tariff(genesis.tariff, *names)
    except Rejected as refusal:
        place = "grid" if refusal.field == "holidays" else "grid.tariff"
        raise OperatorError(f"{place}.{refusal.field}: {refusal.detail}") from None


def _put_ways(state: State, genesis: GridGenesis) -> None:
    for start, source in enumerate(genesis.zones):
        ways = ways_from(source.name, genesis.lines)
        for end, target in enumerate(genesis.zones):
            if target.name in ways:
                WAYS.put(state, start, end, ways[target.name])


def _check_zones(state: State, genesis: GridGenesis) -> None:
    _check_distinct("grid.zones and grid.hubs", [*(zone.name for zone in genesis.zones), *genesis.hubs])
    served = [zone for (zone,), _ in SERVICES.scan(state)]
    named = sorted(zone.name for zone in genesis.zones)
    if served != named:
        raise OperatorError(f"grid.zones: expected the zones that registry.services names, {served}, got {named}")


def _check_lines(genesis: GridGenesis) -> None:
    _check_distinct("grid.lines", [line.name for line in genesis.lines])
    nodes = dict.fromkeys([*(zone.name for zone in genesis.zones), *genesis.hubs])
    for line in genesis.lines:
        if line.start not in nodes or line.end not in nodes or line.start == line.end:
            raise OperatorError(f"grid.lines: expected {line.name} to join two different zones or hubs")


def _check_distinct(where: str, names: Iterable[str]) -> None:
    seen: dict[str, None] = {}
    for name in names:
        if name in seen:
            raise OperatorError(f"{where}: {name} is used twice")
        seen[name] = None
