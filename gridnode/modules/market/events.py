"""Events of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import ADDRESS, NAME, U64, Int, ListOf
from gridnode.modules.market.tables import ENERGY, PRICE
from gridnode.primitives.ids import Address, PointId
from gridnode.primitives.limits import MAX_SHEET_ORDERS
from gridnode.primitives.units import EnergyWh, Mtu, PriceMicro


@event("market.sheet_placed")
class SheetPlaced:
    """Orders numbered `first_order`, `first_order` + 1, ... wait for the matching of this block."""

    owner: Annotated[Address, ADDRESS]
    sheet_id: Annotated[int, U64]
    point: Annotated[PointId, NAME]
    first_order: Annotated[int, U64]
    orders: Annotated[int, Int(1, MAX_SHEET_ORDERS)]


@event("market.orders_cancelled")
class OrdersCancelled:
    """The owner took back what was left of these orders."""

    owner: Annotated[Address, ADDRESS]
    orders: Annotated[tuple[int, ...], ListOf(U64, MAX_SHEET_ORDERS, 1)]


@event("market.traded")
class Traded:
    """Two orders met; each is filled in full or in part."""

    trade: Annotated[int, U64]
    mtu: Annotated[Mtu, U64]
    buyer_order: Annotated[int, U64]
    seller_order: Annotated[int, U64]
    buyer_point: Annotated[PointId, NAME]
    seller_point: Annotated[PointId, NAME]
    energy_wh: Annotated[EnergyWh, ENERGY]
    price_micro: Annotated[PriceMicro, PRICE]  # per kWh to the seller
    wheeling_micro: Annotated[PriceMicro, PRICE]  # per kWh on top


@event("market.order_expired")
class OrderExpired:
    """The gate closed before the order was filled."""

    order: Annotated[int, U64]
    mtu: Annotated[Mtu, U64]
    remaining_wh: Annotated[EnergyWh, ENERGY]


@event("market.period_closed")
class PeriodClosed:
    """The gate of an MTU closed: nothing more is matched."""

    mtu: Annotated[Mtu, U64]


EVENTS: Final[tuple[type[Any], ...]] = (SheetPlaced, OrdersCancelled, Traded, OrderExpired, PeriodClosed)
"""Every event of the module."""
