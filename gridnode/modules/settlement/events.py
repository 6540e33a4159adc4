"""Events of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import ADDRESS, AMOUNT, I64, NAME, U64
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


EVENTS: Final[tuple[type[Any], ...]] = (PointSettled, MtuSettled, ArrearsChanged)
"""Every event of the module."""
