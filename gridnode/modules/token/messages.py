"""Messages of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import message
from gridnode.codec.fields import ADDRESS, AMOUNT
from gridnode.modules.token.tables import DENOMINATION, Denomination
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount


@message("token.transfer")
class Transfer:
    """Move an amount from the sender to a recipient."""

    recipient: Annotated[Address, ADDRESS]
    denomination: Annotated[Denomination, DENOMINATION]
    amount: Annotated[Amount, AMOUNT]


@message("token.approve")
class Approve:
    """Allow a spender to move up to an amount of the sender's; replaces what was allowed before, zero withdraws it."""

    spender: Annotated[Address, ADDRESS]
    denomination: Annotated[Denomination, DENOMINATION]
    amount: Annotated[Amount, AMOUNT]


@message("token.transfer_from")
class TransferFrom:
    """Move an amount from an owner to a recipient; the sender needs the owner's allowance, which shrinks by it."""

    owner: Annotated[Address, ADDRESS]
    recipient: Annotated[Address, ADDRESS]
    denomination: Annotated[Denomination, DENOMINATION]
    amount: Annotated[Amount, AMOUNT]


@message("token.mint")
class Mint:
    """Create an amount and give it to a recipient; the sender needs the minter role."""

    recipient: Annotated[Address, ADDRESS]
    denomination: Annotated[Denomination, DENOMINATION]
    amount: Annotated[Amount, AMOUNT]


@message("token.burn")
class Burn:
    """Destroy an amount of the sender's own; the sender needs the burner role."""

    denomination: Annotated[Denomination, DENOMINATION]
    amount: Annotated[Amount, AMOUNT]


MESSAGES: Final[tuple[type[Any], ...]] = (Transfer, Approve, TransferFrom, Mint, Burn)
"""Every message of the module."""
