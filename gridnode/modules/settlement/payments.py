"""What settling trades and points moves between accounts, summed over a block's hook."""

from __future__ import annotations

from gridnode.modules.carbon.rules import credits_of, earn
from gridnode.modules.context import Context
from gridnode.modules.lots.tables import HOLD
from gridnode.modules.market.tables import ESCROW_ACCOUNT
from gridnode.modules.registry.tables import Source
from gridnode.modules.settlement.arrears import collect
from gridnode.modules.token.rules import burn_from, move
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.ids import Address
from gridnode.primitives.units import grid_of


class Payments:
    """Sums for each account, paid in the order in which accounts first came; sums do not depend on when they are paid."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._escrow: dict[Address, int] = {}
        self._back: dict[Address, int] = {}
        self._energy_wh: dict[Address, int] = {}
        self._earning_wh: dict[tuple[Address, Source], int] = {}
        self._consumed_wh = 0

    def from_escrow(self, account: Address, amount: int) -> None:
        """Money of a trade, 1e-9 THB; the account's arrears are collected from it."""
        self._escrow[account] = self._escrow.get(account, 0) + amount

    def back(self, account: Address, amount: int) -> None:
        """Money of a trade that is void, 1e-9 THB: it was the account's own, so no arrears are collected from it."""
        self._back[account] = self._back.get(account, 0) + amount

    def energy(self, account: Address, energy_wh: int) -> None:
        """GRID of lots that leave the hold for an account."""
        self._energy_wh[account] = self._energy_wh.get(account, 0) + energy_wh

    def consumed(self, energy_wh: int) -> None:
        """GRID of lots of the hold that were consumed: it is burned."""
        self._consumed_wh += energy_wh

    def earns(self, account: Address, source: Source, energy_wh: int) -> int:
        """Energy for which an account earns carbon credits; returns them, 1e-9 credit."""
        known = self._earning_wh.get((account, source), 0)
        self._earning_wh[account, source] = known + energy_wh
        return credits_of(self._context.state, source, energy_wh)

    def pay(self) -> None:
        """Make all payments due and forget them."""
        context = self._context
        for account, amount in self._escrow.items():
            move(context, ESCROW_ACCOUNT, account, Denomination.THB, amount)
        for account, amount in self._back.items():
            move(context, ESCROW_ACCOUNT, account, Denomination.THB, amount)
        for account, amount in self._escrow.items():
            collect(context, account, amount)
        for account, energy_wh in self._energy_wh.items():
            move(context, HOLD, account, Denomination.GRID, grid_of(energy_wh))
        for (account, source), energy_wh in self._earning_wh.items():
            earn(context, account, source, energy_wh)
        burn_from(context, HOLD, Denomination.GRID, grid_of(self._consumed_wh))
        self._escrow, self._back, self._energy_wh, self._earning_wh, self._consumed_wh = {}, {}, {}, {}, 0
