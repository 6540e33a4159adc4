"""The opening state: the network as genesis has it, and the ways between its zones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from gridnode.modules.context import Context
from gridnode.modules.grid.tables import LINES, PARAMS, WAYS, ZONE_NUMBERS, ZONES, GridGenesis, Tariff
from gridnode.modules.grid.ways import ways_from
from gridnode.modules.registry.tables import SERVICES
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import Address
from gridnode.state.overlay import State


def open(context: Context, genesis: GridGenesis) -> None:  # noqa: A001 (every module opens)
    """Write the opening state and the ways between all zones.

    Raises OperatorError for names that are used twice, a line that does not join two nodes, zones other than those the registry
    knows, or a tariff that pays more for excess than it charges.
    """
    state = context.state
    _check_tariff(genesis.params.tariff)
    _check_zones(state, genesis)
    _check_lines(genesis)
    PARAMS.put(state, genesis.params)
    for number, zone in enumerate(genesis.zones):
        ZONES.put(state, number, zone)
        ZONE_NUMBERS.put(state, zone.name, number)
    for number, line in enumerate(genesis.lines):
        LINES.put(state, number, line)
    _put_ways(state, genesis)


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {}
"""Which handler runs which message."""


def _put_ways(state: State, genesis: GridGenesis) -> None:
    for start, source in enumerate(genesis.zones):
        ways = ways_from(source.name, genesis.lines)
        for end, target in enumerate(genesis.zones):
            if target.name in ways:
                WAYS.put(state, start, end, ways[target.name])


def _check_tariff(tariff: Tariff) -> None:
    cheapest = min(tariff.retail_on_peak_micro_per_kwh, tariff.retail_off_peak_micro_per_kwh)
    if tariff.feed_in_micro_per_kwh > cheapest:
        raise OperatorError("grid.params.tariff: expected a feed-in price that is not above the retail prices")
    if tariff.on_peak_from > tariff.on_peak_until:
        raise OperatorError("grid.params.tariff: expected on_peak_from not after on_peak_until")


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
