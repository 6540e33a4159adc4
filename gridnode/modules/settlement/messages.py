"""Messages of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import message
from gridnode.codec.fields import ADDRESS, AMOUNT, TEXT
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount


@message("settlement.pay_arrears")
class PayArrears:
    """Pay all or a part of what the sender owes a creditor from settlements."""

    creditor: Annotated[Address, ADDRESS]
    amount: Annotated[Amount, AMOUNT]  # 1e-9 THB


@message("settlement.spend_rent")
class SpendRent:
    """Give out congestion rent. From a regulator."""

    recipient: Annotated[Address, ADDRESS]
    amount: Annotated[Amount, AMOUNT]  # 1e-9 THB
    purpose: Annotated[str, TEXT]  # as people read it


MESSAGES: Final[tuple[type[Any], ...]] = (PayArrears, SpendRent)
"""Every message of the module."""
