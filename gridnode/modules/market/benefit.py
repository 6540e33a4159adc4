"""What trading over a way can be worth to a buyer and a seller at once, against what the utility charges and pays."""

from __future__ import annotations

from dataclasses import dataclass

from gridnode.modules.grid.clock import tariff_at
from gridnode.modules.grid.network import wheeling_micro_per_kwh
from gridnode.modules.market.tables import PARAMS
from gridnode.state.kv import Reader


@dataclass(frozen=True, slots=True)
class Benefit:
    """The prices between which both sides gain, per kWh; there are none when wheeling and fee use up what the tariff leaves."""

    retail_micro: int
    """What the buyer pays the utility otherwise, all in."""
    feed_in_micro: int
    """What the seller gets from the utility otherwise."""
    wheeling_micro: int
    """Of the way, delivery included."""
    fee_micro: int
    """Of the market, paid by the buyer."""
    band: str
    """The tariff's band."""

    @property
    def spare_micro(self) -> int:
        """What is left for both to share; at most 0: no price leaves both better off."""
        return self.retail_micro - self.feed_in_micro - self.wheeling_micro - self.fee_micro


def benefit(reader: Reader, source: int, target: int, mtu: int) -> Benefit:
    """The benefit of trading from one zone number to another, which a way joins, in an MTU."""
    return benefit_of(reader, mtu, wheeling_micro_per_kwh(reader, source, target, mtu))


def benefit_of(reader: Reader, mtu: int, wheeling_micro: int) -> Benefit:
    """The benefit of trading in an MTU over a way with this wheeling."""
    prices = tariff_at(reader, mtu)
    return Benefit(
        prices.retail_micro_per_kwh,
        prices.feed_in_micro_per_kwh,
        wheeling_micro,
        PARAMS.require(reader).trade_fee_micro,
        prices.band,
    )
