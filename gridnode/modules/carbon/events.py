"""Events of the module. What is earned is told by settlement's events."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import ADDRESS, AMOUNT, TEXT, U64, ListOf
from gridnode.codec.records import Nested, record
from gridnode.modules.carbon.tables import CREDIT, PRICE
from gridnode.modules.market.tables import SIDE, STATUS, OrderStatus, Side
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_CARBON_STEPS
from gridnode.primitives.units import Amount, PriceMicro


@event("carbon.order_placed")
class OrderPlaced:
    """An order came in; how it stands after it met the book. Cancelled: what was left could not wait without crossing the book."""

    number: Annotated[int, U64]
    owner: Annotated[Address, ADDRESS]
    side: Annotated[Side, SIDE]
    amount_nano: Annotated[int, CREDIT]
    price_micro: Annotated[PriceMicro, PRICE]
    filled_nano: Annotated[int, CREDIT]
    status: Annotated[OrderStatus, STATUS]


@record
class Fill:
    """A trade with an order that rested."""

    trade: Annotated[int, U64]  # its number
    order: Annotated[int, U64]  # that rested
    owner: Annotated[Address, ADDRESS]  # of that one
    amount_nano: Annotated[int, CREDIT]
    price_micro: Annotated[PriceMicro, PRICE]


@event("carbon.traded")
class CreditsTraded:
    """Trades of one incoming order, in the order in which they were made."""

    number: Annotated[int, U64]  # of the order that came in
    owner: Annotated[Address, ADDRESS]
    side: Annotated[Side, SIDE]
    fills: Annotated[tuple[Fill, ...], ListOf(Nested(Fill), MAX_CARBON_STEPS, 1)]


@event("carbon.order_cancelled")
class OrderCancelled:
    """The owner took back what was left of an order."""

    number: Annotated[int, U64]
    owner: Annotated[Address, ADDRESS]
    left_nano: Annotated[int, CREDIT]


@event("carbon.retired")
class CreditsRetired:
    """Credits were used up."""

    sender: Annotated[Address, ADDRESS]
    beneficiary: Annotated[Address, ADDRESS]
    amount_nano: Annotated[Amount, AMOUNT]
    purpose: Annotated[str, TEXT]


EVENTS: Final[tuple[type[Any], ...]] = (OrderPlaced, CreditsTraded, OrderCancelled, CreditsRetired)
"""Every event of the module."""
