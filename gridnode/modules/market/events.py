"""Events of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import ADDRESS, AMOUNT, I64, NAME, U32, U64, Choice, Int, ListOf
from gridnode.codec.records import Nested, record
from gridnode.modules.market.tables import ENERGY, PRICE, SIDE, Bounds, Ending, Side
from gridnode.primitives.ids import Address, PointId
from gridnode.primitives.limits import MAX_AUCTION_ROWS, MAX_OPEN_ORDERS, MAX_SHEET_ORDERS, MAX_ZONES
from gridnode.primitives.units import Amount, EnergyWh, Mtu, PriceMicro


@event("market.sheet_placed")
class SheetPlaced:
    """Orders numbered `first_order`, `first_order` + 1, ... wait for the matching of this block."""

    owner: Annotated[Address, ADDRESS]
    sheet_id: Annotated[int, U64]
    revision: Annotated[int, U32]  # above 0: it replaced the sheet of this id
    point: Annotated[PointId, NAME]
    first_order: Annotated[int, U64]
    orders: Annotated[int, Int(1, MAX_SHEET_ORDERS)]


@event("market.orders_cancelled")
class OrdersCancelled:
    """The owner took back what was left of these orders."""

    owner: Annotated[Address, ADDRESS]
    orders: Annotated[tuple[int, ...], ListOf(U64, MAX_OPEN_ORDERS, 1)]


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
    rent_micro: Annotated[PriceMicro, PRICE]  # per kWh on top; 0 unless of an auction
    path: Annotated[int, U32]  # of an auction, number from 1; 0 for a continuous trade


@event("market.order_ended")
class OrderEnded:
    """An order ended by its own terms before the gate closed; what is left of it was not traded."""

    order: Annotated[int, U64]
    mtu: Annotated[Mtu, U64]
    ending: Annotated[Ending, Choice(Ending)]
    remaining_wh: Annotated[EnergyWh, ENERGY]


@event("market.order_expired")
class OrderExpired:
    """The gate closed before the order was filled."""

    order: Annotated[int, U64]
    mtu: Annotated[Mtu, U64]
    remaining_wh: Annotated[EnergyWh, ENERGY]


@event("market.call_started")
class CallStarted:
    """Continuous matching of an MTU ended; orders now wait for its call auction."""

    mtu: Annotated[Mtu, U64]


@event("market.period_closed")
class PeriodClosed:
    """The gate of an MTU closed: no order for it is taken or matched any more."""

    mtu: Annotated[Mtu, U64]


@record
class AuctionRow:
    """An order in a call auction, as the clearing sees it."""

    order: Annotated[int, U64]  # number, which is its priority in time
    zone: Annotated[int, Int(0, MAX_ZONES - 1)]  # zone number
    side: Annotated[Side, SIDE]
    energy_wh: Annotated[EnergyWh, ENERGY]
    limit_micro: Annotated[int, I64]  # per kWh; of a bid: less the charge for delivery in its zone
    accepted_wh: Annotated[EnergyWh, ENERGY]


@event("market.auction_rows")
class AuctionRows:
    """Orders of a call auction; the events of one auction follow each other, rows in order of number."""

    mtu: Annotated[Mtu, U64]
    rows: Annotated[tuple[AuctionRow, ...], ListOf(Nested(AuctionRow), MAX_AUCTION_ROWS)]


@event("market.auction_held")
class AuctionHeld:
    """A call auction cleared; prices, volumes and flows stand in the header of its block."""

    mtu: Annotated[Mtu, U64]
    orders: Annotated[int, U32]
    volume_wh: Annotated[EnergyWh, U64]
    value: Annotated[Amount, AMOUNT]  # to sellers, 1e-9 THB
    rent: Annotated[Amount, AMOUNT]  # congestion rent, 1e-9 THB


@event("market.bounds_set")
class BoundsSet:
    """The regulator said what orders may say from an MTU on."""

    from_mtu: Annotated[Mtu, U64]
    bounds: Annotated[Bounds, Nested(Bounds)]


@event("market.lock_requested")
class LockRequested:
    """A sale needs a device lock: the point's device is to hold so much energy for the MTU in all."""

    mtu: Annotated[Mtu, U64]
    point: Annotated[PointId, NAME]
    energy_wh: Annotated[EnergyWh, U64]


@event("market.lock_acknowledged")
class LockAcknowledged:
    """A gateway says that the point's device holds so much energy for the MTU in all."""

    mtu: Annotated[Mtu, U64]
    point: Annotated[PointId, NAME]
    energy_wh: Annotated[EnergyWh, U64]
    gateway: Annotated[Address, ADDRESS]


@event("market.lock_released")
class LockReleased:
    """The MTU is settled for the point: its device need not hold energy for it any longer."""

    mtu: Annotated[Mtu, U64]
    point: Annotated[PointId, NAME]


EVENTS: Final[tuple[type[Any], ...]] = (
    SheetPlaced,
    OrdersCancelled,
    Traded,
    OrderEnded,
    OrderExpired,
    CallStarted,
    PeriodClosed,
    AuctionRows,
    AuctionHeld,
    BoundsSet,
    LockRequested,
    LockAcknowledged,
    LockReleased,
)
"""Every event of the module."""
