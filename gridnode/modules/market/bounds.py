"""What orders may say: bounds dated by MTU, and the message of the regulator that sets them."""

from __future__ import annotations

from gridnode.modules.context import Context
from gridnode.modules.grid.clock import clock
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.events import BoundsSet
from gridnode.modules.market.messages import SetBounds
from gridnode.modules.market.tables import BOUNDS, PARAMS, Bounds
from gridnode.modules.registry.standing import has_role
from gridnode.modules.registry.tables import Role
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address
from gridnode.state.kv import Reader


class DatedBounds:
    """The bounds of orders for the MTUs from `first` to `last`, read once for all of them."""

    def __init__(self, reader: Reader, first: int, last: int) -> None:
        self._rows: list[tuple[int, Bounds]] = []
        for (from_mtu,), bounds in BOUNDS.scan(reader, stop=(last + 1,), reverse=True):
            self._rows.append((from_mtu, bounds))
            if from_mtu <= first:
                break

    def at(self, mtu: int) -> Bounds:
        """Bounds for an MTU: those of the last row at or before it; genesis writes one from MTU 0."""
        return next(bounds for from_mtu, bounds in self._rows if from_mtu <= mtu)


def bounds_at(reader: Reader, mtu: int) -> Bounds:
    """Bounds of orders for an MTU."""
    return DatedBounds(reader, mtu, mtu).at(mtu)


def bounds_fault(bounds: Bounds) -> str | None:
    """What is wrong with bounds: a least value above its greatest; None when nothing is."""
    if bounds.min_order_wh > bounds.max_order_wh:
        return "expected min_order_wh not above max_order_wh"
    if bounds.price_floor_micro > bounds.price_cap_micro:
        return "expected price_floor_micro not above price_cap_micro"
    return None


def set_bounds(context: Context, sender: Address, message: SetBounds) -> None:
    """Handler of `market.set_bounds`."""
    state = context.state
    if not has_role(state, sender, Role.REGULATOR):
        raise Rejected(MarketCode.NOT_REGULATOR, "the sender is not the regulator")
    fault = bounds_fault(message.bounds)
    if fault is not None:
        raise Rejected(MarketCode.BAD_BOUNDS, fault, "bounds")
    open_until = clock(state).mtu_at(context.time_ms) + PARAMS.require(state).open_ahead_mtus
    if message.from_mtu <= open_until:
        raise Rejected(MarketCode.TOO_SOON, f"expected an MTU after {open_until}, got {message.from_mtu}", "from_mtu")
    BOUNDS.put(state, message.from_mtu, message.bounds)
    context.emit(BoundsSet(message.from_mtu, message.bounds))
