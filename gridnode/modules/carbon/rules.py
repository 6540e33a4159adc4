"""The opening state, the handlers of carbon messages, and what settlement calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gridnode.modules.carbon.book import EXACT
from gridnode.modules.carbon.codes import CarbonCode
from gridnode.modules.carbon.earnings import credits_of, earn
from gridnode.modules.carbon.events import CreditsRetired
from gridnode.modules.carbon.messages import CancelOrder, PlaceOrder, RetireCredits
from gridnode.modules.carbon.tables import OPENING, PARAMS, RETIRED, CarbonGenesis
from gridnode.modules.carbon.trading import cancel_order, place_order
from gridnode.modules.context import Context
from gridnode.modules.token.rules import balance, burn_from, supply
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import OperatorError, Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount

__all__ = ["HANDLERS", "credits_of", "earn", "open", "retire"]


def open(context: Context, genesis: CarbonGenesis) -> None:  # noqa: A001 (every module opens)
    """Write the parameters, and how many credits genesis made.

    Raises OperatorError for a source listed twice, a least value above its greatest, steps with which a payment would not be a whole
    number of 1e-9 THB, and a fee account that belongs to a module.
    """
    listed = [rate.source for rate in genesis.rates]
    for source in listed:
        if listed.count(source) > 1:
            raise OperatorError(f"carbon.rates: expected {source.name.lower()} once")
    if genesis.min_amount_nano > genesis.max_amount_nano:
        raise OperatorError("carbon: expected min_amount_nano not above max_amount_nano")
    if genesis.price_floor_micro > genesis.price_cap_micro:
        raise OperatorError("carbon: expected price_floor_micro not above price_cap_micro")
    for name, micro in (("price_tick_micro", genesis.price_tick_micro), ("fee_micro", genesis.fee_micro)):
        if genesis.amount_step_nano * micro % EXACT:
            raise OperatorError(f"carbon: expected amount_step_nano x {name} to be a multiple of {EXACT}")
    if genesis.fee_account in context.module_accounts:
        raise OperatorError("carbon: expected a fee_account that no module owns")
    PARAMS.put(context.state, genesis)
    made = supply(context.state, Denomination.CO2)
    if made:
        OPENING.put(context.state, made)


def retire(context: Context, sender: Address, message: RetireCredits) -> None:
    """Handler of `carbon.retire`."""
    if not message.amount_nano:
        raise Rejected(CarbonCode.ZERO_AMOUNT, "expected more than zero", "amount_nano")
    if message.beneficiary in context.module_accounts:
        raise Rejected(CarbonCode.RESERVED_ACCOUNT, "expected an account that no module owns", "beneficiary")
    held = balance(context.state, sender, Denomination.CO2)
    if held < message.amount_nano:
        raise Rejected(CarbonCode.CREDITS_UNPAID, f"the sender holds {held} x 1e-9 credit", "amount_nano")
    burn_from(context, sender, Denomination.CO2, message.amount_nano)
    retired = RETIRED.get(context.state) or 0
    RETIRED.put(context.state, Amount(retired + message.amount_nano))
    context.emit(CreditsRetired(sender, message.beneficiary, message.amount_nano, message.purpose))


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {
    PlaceOrder: place_order,
    CancelOrder: cancel_order,
    RetireCredits: retire,
}
"""Which handler runs which message."""
