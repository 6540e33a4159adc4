"""Events of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import ADDRESS, AMOUNT, I64, NAME, TEXT, U32, U64
from gridnode.primitives.ids import Address, PointId
from gridnode.primitives.units import Amount, EnergyWh, Mtu


@event("settlement.point_settled")
class PointSettled:
    """A connection point is settled for an MTU; its statement has all figures."""

    mtu: Annotated[Mtu, U64]
    point: Annotated[PointId, NAME]
    imbalance_wh: Annotated[int, I64]  # above zero excess, below zero lack
    imbalance: Annotated[Amount, AMOUNT]  # 1e-9 THB, to the owner for excess, from it for lack
    unpaid: Annotated[Amount, AMOUNT]  # part of it that became arrears


@event("settlement.mtu_settled")
class MtuSettled:
    """Every trade and point of an MTU is settled."""

    mtu: Annotated[Mtu, U64]
    sold_wh: Annotated[EnergyWh, U64]
    delivered_wh: Annotated[EnergyWh, U64]
    excess_wh: Annotated[EnergyWh, U64]
    lack_wh: Annotated[EnergyWh, U64]


@event("settlement.arrears_changed")
class ArrearsChanged:
    """What a debtor owes a creditor changed, by a payment that failed or by one that was made."""

    debtor: Annotated[Address, ADDRESS]
    creditor: Annotated[Address, ADDRESS]
    owed: Annotated[Amount, AMOUNT]  # 1e-9 THB, now


@event("settlement.trade_voided")
class TradeVoided:
    """No lock covered a trade when its MTU came to be settled: neither side has traded it."""

    mtu: Annotated[Mtu, U64]
    trade: Annotated[int, U64]
    energy_wh: Annotated[EnergyWh, U64]
    refund: Annotated[Amount, AMOUNT]  # to the buyer, all that it had in escrow, 1e-9 THB


@event("settlement.point_corrected")
class PointCorrected:
    """Readings came late: an entry stands beside the statement of a connection point for an MTU, and money moved by it."""

    mtu: Annotated[Mtu, U64]
    point: Annotated[PointId, NAME]
    entry: Annotated[int, U32]  # its number, from 1
    imbalance_wh: Annotated[int, I64]  # now; above zero excess, below zero lack
    credited: Annotated[Amount, AMOUNT]  # to the owner, 1e-9 THB
    charged: Annotated[Amount, AMOUNT]  # from the owner
    unpaid: Annotated[Amount, AMOUNT]  # part of either that became arrears


@event("settlement.rent_spent")
class RentSpent:
    """The regulator gave out congestion rent."""

    spending: Annotated[int, U64]  # its number, from 1
    recipient: Annotated[Address, ADDRESS]
    amount: Annotated[Amount, AMOUNT]  # 1e-9 THB
    purpose: Annotated[str, TEXT]
    regulator: Annotated[Address, ADDRESS]


EVENTS: Final[tuple[type[Any], ...]] = (
    PointSettled,
    MtuSettled,
    ArrearsChanged,
    TradeVoided,
    PointCorrected,
    RentSpent,
)
"""Every event of the module."""
