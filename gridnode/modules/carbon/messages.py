"""Messages of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import message
from gridnode.codec.fields import ADDRESS, AMOUNT, I64, TEXT, U64
from gridnode.modules.market.tables import SIDE, Side
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount, PriceMicro


@message("carbon.place_order")
class PlaceOrder:
    """Buy or sell credits at a limit, at once as far as the book goes; the rest stays open until it is filled or cancelled."""

    side: Annotated[Side, SIDE]
    amount_nano: Annotated[int, I64]  # 1e-9 credit
    price_micro: Annotated[PriceMicro, I64]  # 1e-6 THB per credit; of a bid: fee not included


@message("carbon.cancel_order")
class CancelOrder:
    """Take back what is left of one of the sender's orders."""

    order: Annotated[int, U64]


@message("carbon.retire")
class RetireCredits:
    """Use up credits of the sender in the name of a beneficiary; they are destroyed."""

    amount_nano: Annotated[Amount, AMOUNT]
    beneficiary: Annotated[Address, ADDRESS]
    purpose: Annotated[str, TEXT]  # what they make up for; may be empty


MESSAGES: Final[tuple[type[Any], ...]] = (PlaceOrder, CancelOrder, RetireCredits)
"""Every message of the module."""
