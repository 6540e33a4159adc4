"""Who gets which part of the wheeling that the buyer of a trade pays."""

from __future__ import annotations

from gridnode.modules.grid.network import (
    WheelingShare,
    distribution_micro_per_kwh,
    line_wheeling_micro_per_kwh,
    lines,
    way,
    zone_number,
)
from gridnode.modules.grid.tables import Hop
from gridnode.modules.market.auction_tables import AUCTION_PATHS
from gridnode.modules.market.tables import Trade
from gridnode.modules.registry.standing import dso_of_zone
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.kv import Reader


def trade_hops(reader: Reader, mtu: int, trade: Trade) -> tuple[Hop, ...]:
    """The lines that the energy of a trade passes, in order of travel: of its auction's path, or of the way between its zones.

    Raises InvariantBroken when no way leads there.
    """
    if trade.path:
        return AUCTION_PATHS.require(reader, mtu, trade.path).hops
    passed = way(reader, zone_number(reader, trade.seller_zone), zone_number(reader, trade.buyer_zone))
    if passed is None:
        raise InvariantBroken("market", f"a trade of MTU {mtu} leads from {trade.seller_zone} to {trade.buyer_zone} without a way")
    return passed.hops


def trade_shares(reader: Reader, mtu: int, trade: Trade) -> list[WheelingShare]:
    """Shares of the wheeling of a trade, per kWh: the DSO of the zone of delivery, then the owner of each line that it passes.

    One share for each, in order of travel; an account may come more than once. They sum to `wheeling_micro` of the trade, because
    charges of an MTU never change once orders for it are taken; InvariantBroken otherwise.
    """
    delivery = distribution_micro_per_kwh(reader, zone_number(reader, trade.buyer_zone), mtu)
    shares = [WheelingShare(dso_of_zone(reader, trade.buyer_zone), delivery)]
    charges, known = line_wheeling_micro_per_kwh(reader, mtu), lines(reader)
    for hop in trade_hops(reader, mtu, trade):
        shares.append(WheelingShare(known[hop.line].owner, charges[hop.line]))
    if sum(share.micro_per_kwh for share in shares) != trade.wheeling_micro:
        raise InvariantBroken("market", f"shares {shares} do not make the wheeling of {trade}")
    return shares
