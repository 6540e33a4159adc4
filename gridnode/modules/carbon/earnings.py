"""Credits are earned: what settlement calls for each delivery, and the totals that follow."""

from __future__ import annotations

from typing import Final

from gridnode.modules.carbon.tables import EARNED, PARAMS, RANKING, SOURCES, SourceTotal
from gridnode.modules.context import Context
from gridnode.modules.registry.tables import Source
from gridnode.modules.token.rules import mint_to
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_AMOUNT
from gridnode.primitives.units import Amount, EnergyWh
from gridnode.state.kv import Reader
from gridnode.state.overlay import State

NO_TOTAL: Final = SourceTotal(EnergyWh(0), Amount(0))


def credits_of(reader: Reader, source: Source, energy_wh: int) -> int:
    """What `energy_wh` (>= 0) of a source earns, 1e-9 credit; exact and additive, 0 for a source without a rate."""
    for rate in PARAMS.require(reader).rates:
        if rate.source == source:
            return energy_wh * rate.nano_per_wh
    return 0


def earn(context: Context, account: Address, source: Source, energy_wh: int) -> int:
    """Mint the credits of `energy_wh` (>= 0) of a source to an account; returns them, 1e-9 credit.

    Once for each delivery: that is its caller's duty. Nothing changes when there are none.
    """
    nano = credits_of(context.state, source, energy_wh)
    if not nano:
        return 0
    mint_to(context, account, Denomination.CO2, nano)
    _rank(context.state, account, nano)
    total = SOURCES.get(context.state, source) or NO_TOTAL
    sums = SourceTotal(EnergyWh(total.energy_wh + energy_wh), Amount(total.credits_nano + nano))
    SOURCES.put(context.state, source, sums)
    context.totals.co2_credits_nano += nano
    return nano


def standing_of(total: int) -> int:
    """Part of a ranking's key that sorts greater totals first."""
    return MAX_AMOUNT - total


def _rank(state: State, account: Address, nano: int) -> None:
    """Add to an account's total and move it to its new place in the ranking."""
    earned = EARNED.get(state, account) or 0
    if earned:
        RANKING.delete(state, standing_of(earned), account)
    EARNED.put(state, account, Amount(earned + nano))
    RANKING.put(state, standing_of(earned + nano), account, True)
