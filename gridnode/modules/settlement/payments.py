"""What settling trades and points moves between accounts, summed over a block's hook."""

from __future__ import annotations

from gridnode.modules.context import Context
from gridnode.modules.lots.tables import HOLD
from gridnode.modules.market.tables import ESCROW_ACCOUNT
from gridnode.modules.settlement.arrears import collect
from gridnode.modules.token.rules import burn_from, mint_to, move
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.ids import Address
from gridnode.primitives.units import grid_of


class Payments:
    """Sums for each account, paid in the order in which accounts first came; sums do not depend on when they are paid."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._escrow: dict[Address, int] = {}
        self._energy_wh: dict[Address, int] = {}
        self._credits_nano: dict[Address, int] = {}
        self._consumed_wh = 0

    def from_escrow(self, account: Address, amount: int) -> None:
        """Money of a trade, 1e-9 THB; the account's arrears are collected from it."""
        self._escrow[account] = self._escrow.get(account, 0) + amount

    def energy(self, account: Address, energy_wh: int) -> None:
        """GRID of lots that leave the hold for an account."""
        self._energy_wh[account] = self._energy_wh.get(account, 0) + energy_wh

    def consumed(self, energy_wh: int) -> None:
        """GRID of lots of the hold that were consumed: it is burned."""
        self._consumed_wh += energy_wh

    def credits(self, account: Address, nano: int) -> None:
        """Carbon credits to mint, 1e-9 credit."""
        self._credits_nano[account] = self._credits_nano.get(account, 0) + nano

    def pay(self) -> None:
        """Make all payments due and forget them."""
        context = self._context
        for account, amount in self._escrow.items():
            move(context, ESCROW_ACCOUNT, account, Denomination.THB, amount)
        for account, amount in self._escrow.items():
            collect(context, account, amount)
        for account, energy_wh in self._energy_wh.items():
            move(context, HOLD, account, Denomination.GRID, grid_of(energy_wh))
        for account, nano in self._credits_nano.items():
            mint_to(context, account, Denomination.CO2, nano)
        context.totals.co2_credits_nano += sum(self._credits_nano.values())
        burn_from(context, HOLD, Denomination.GRID, grid_of(self._consumed_wh))
        self._escrow, self._energy_wh, self._credits_nano, self._consumed_wh = {}, {}, {}, 0
