"""Events of the module. Moves that other modules make (fees, escrow) are told by their own events and receipts."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import ADDRESS, AMOUNT
from gridnode.modules.token.tables import DENOMINATION, Denomination
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount


@event("token.transferred")
class Transferred:
    """An amount went from one account to another by a transfer."""

    source: Annotated[Address, ADDRESS]
    target: Annotated[Address, ADDRESS]
    denomination: Annotated[Denomination, DENOMINATION]
    amount: Annotated[Amount, AMOUNT]


@event("token.approved")
class Approved:
    """An owner set what a spender may move."""

    owner: Annotated[Address, ADDRESS]
    spender: Annotated[Address, ADDRESS]
    denomination: Annotated[Denomination, DENOMINATION]
    amount: Annotated[Amount, AMOUNT]


@event("token.minted")
class Minted:
    """An amount was created by an issuer."""

    target: Annotated[Address, ADDRESS]
    denomination: Annotated[Denomination, DENOMINATION]
    amount: Annotated[Amount, AMOUNT]


@event("token.burned")
class Burned:
    """An amount was destroyed by an issuer."""

    source: Annotated[Address, ADDRESS]
    denomination: Annotated[Denomination, DENOMINATION]
    amount: Annotated[Amount, AMOUNT]


EVENTS: Final[tuple[type[Any], ...]] = (Transferred, Approved, Minted, Burned)
"""Every event of the module."""
