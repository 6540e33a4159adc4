"""Tables of call auctions: what each one gave, the paths its trades take, and what is still to be written."""

from __future__ import annotations

from typing import Annotated, Final

from gridnode.chain.clearing import ClearingSummary
from gridnode.codec.fields import AMOUNT, U32, U64, ListOf
from gridnode.codec.records import Nested, record
from gridnode.crypto.address import module_address
from gridnode.modules.grid.tables import Hop
from gridnode.modules.market.tables import ENERGY, PRICE
from gridnode.primitives.limits import MAX_LINES
from gridnode.primitives.units import Amount, EnergyWh, Height, PriceMicro, TimeMs
from gridnode.state.key_parts import U8_PART, U32_PART, U64_PART
from gridnode.state.prefixes import MARKET as MODULE
from gridnode.state.table import Table

CONGESTION: Final = module_address("market/congestion")
"""Account that congestion rent is paid to when trades of auctions are settled; kept for what relieves full lines."""


@record
class Auction:
    """A call auction that was held."""

    height: Annotated[Height, U64]  # of the block whose header has the summary
    time_ms: Annotated[TimeMs, U64]  # of that block
    summary: Annotated[ClearingSummary, Nested(ClearingSummary)]
    volume_wh: Annotated[EnergyWh, U64]  # accepted of bids, which is accepted of offers
    value: Annotated[Amount, AMOUNT]  # what sellers get, 1e-9 THB
    rent: Annotated[Amount, AMOUNT]  # congestion rent of all lines, 1e-9 THB


@record
class AuctionPath:
    """A way that energy of an auction takes from a zone to a zone; the trades over it."""

    hops: Annotated[tuple[Hop, ...], ListOf(Nested(Hop), MAX_LINES)]  # none within a zone
    price_micro: Annotated[PriceMicro, PRICE]  # of the seller's zone, per kWh: what sellers get
    wheeling_micro: Annotated[PriceMicro, PRICE]  # of its lines and of delivery, per kWh
    rent_micro: Annotated[PriceMicro, PRICE]  # what the zone prices differ by beyond the wheeling of lines, per kWh
    seller_zone: Annotated[int, U32]  # zone number
    buyer_zone: Annotated[int, U32]  # zone number
    energy_wh: Annotated[EnergyWh, U64]  # over it in all
    left_wh: Annotated[EnergyWh, U64]  # not yet written as trades


AUCTIONS: Final[Table[Auction]] = Table(
    module=MODULE, number=25, name="auctions", key=(U64_PART,), value=Auction
)
"""MTU -> its call auction; stays."""

AUCTION_PATHS: Final[Table[AuctionPath]] = Table(
    module=MODULE, number=26, name="auction_paths", key=(U64_PART, U32_PART), value=AuctionPath
)
"""(MTU, number from 1) -> a path of its auction; stays."""

AWARDS: Final[Table[int]] = Table(
    module=MODULE, number=27, name="awards", key=(U64_PART, U8_PART, U8_PART, U64_PART), value=ENERGY
)
"""(MTU, zone number, side, order number) -> Wh that the auction accepted of an order and that no trade has yet; deleted at zero."""
