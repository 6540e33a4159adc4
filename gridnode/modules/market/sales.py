"""Nobody sells what he could not have: sold and offered energy of a point stays within its meters' reach and what it bought.

A sale is firm, and what is not delivered is owed to the DSO at the retail price. Without this bound an account with nothing to lose
sells any energy for nothing to a second account of the same person, which is paid for it as excess; the DSO is left with arrears that
nobody pays. With it, what may be owed for an MTU is at most what the point's plant could have made in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.messages import SheetEntry
from gridnode.modules.market.tables import OPEN_ORDERS, ORDERS, POSITIONS, Side
from gridnode.modules.registry.queries import meters_of_point
from gridnode.modules.registry.tables import Direction
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, PointId
from gridnode.primitives.limits import MAX_POINT_LOTS
from gridnode.state.kv import Reader


def check_sales(reader: Reader, owner: Address, point: PointId, entries: Sequence[SheetEntry]) -> None:
    """Raise Rejected naming the first entry of a sheet that offers more than the point has left to sell in its MTU."""
    left: dict[int, int] = {}
    for index, entry in enumerate(entries):
        if entry.side is not Side.OFFER:
            continue
        if entry.mtu not in left:
            left[entry.mtu] = sellable_wh(reader, owner, point, entry.mtu)
        if entry.energy_wh > left[entry.mtu]:
            detail = f"expected at most {max(0, left[entry.mtu])} Wh, got {entry.energy_wh}"
            raise Rejected(MarketCode.MORE_THAN_METERED, detail, f"entries[{index}]")
        left[entry.mtu] -= entry.energy_wh


def sellable_wh(reader: Reader, owner: Address, point: PointId, mtu: int) -> int:
    """Wh that a point can still offer for an MTU: the most its generation meters can measure in it and what it bought, less what it
    sold and has on offer. Meters are the first MAX_POINT_LOTS; it may be below zero, when a meter was unbound since.
    """
    meters = meters_of_point(reader, point, MAX_POINT_LOTS)
    made: int = sum(meter.max_energy_wh for _, meter in meters if meter.direction is Direction.GENERATION)
    position = POSITIONS.get(reader, mtu, point)
    traded = position.bought_wh - position.sold_wh if position else 0
    return made + traded - _on_offer(reader, owner, point, mtu)


def _on_offer(reader: Reader, owner: Address, point: PointId, mtu: int) -> int:
    found = 0
    for (_, _, number), side in OPEN_ORDERS.scan(reader, mtu, owner):
        if side is Side.OFFER:
            order = ORDERS.require(reader, mtu, number)
            found += order.remaining_wh if order.point == point else 0
    return found
