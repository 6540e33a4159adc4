"""What a block says of a call auction: enough, with the rows of its orders, to check the clearing without a solver.

The rows stand in the events of the block's hooks (`market.auction_rows`), whose root is in the header like the summary itself. A light
client takes both and checks in one pass that prices, volumes and flows fit together (`gridnode.modules.market.certificate`).
"""

from __future__ import annotations

from typing import Annotated

from gridnode.codec.fields import HASH, I64, NAME, U32, U64, Int, ListOf
from gridnode.codec.records import Nested, record
from gridnode.primitives.ids import Hash
from gridnode.primitives.limits import MAX_AUCTION_LINES, MAX_AUCTION_NUMBER, MAX_GRID_NODES
from gridnode.primitives.units import EnergyWh, Mtu

NUMBER = Int(0, MAX_AUCTION_NUMBER)


@record
class ZoneResult:
    """A zone, or a hub where lines meet, in a clearing."""

    name: Annotated[str, NAME]
    price_micro: Annotated[int, I64]  # per kWh: what sellers of the zone get; buyers pay delivery and fee on top
    sold_wh: Annotated[EnergyWh, U64]  # accepted of offers
    bought_wh: Annotated[EnergyWh, U64]  # accepted of bids


@record
class LineResult:
    """One direction of a line in a clearing."""

    source: Annotated[str, NAME]  # zone or hub
    target: Annotated[str, NAME]  # zone or hub
    room_wh: Annotated[EnergyWh, NUMBER]  # capacity that continuous trading left
    wheeling_micro: Annotated[int, NUMBER]  # per kWh
    flow_wh: Annotated[EnergyWh, NUMBER]


@record
class ClearingSummary:
    """The clearing certificate of a call auction, but for the rows of its orders."""

    mtu: Annotated[Mtu, U64]
    zones: Annotated[tuple[ZoneResult, ...], ListOf(Nested(ZoneResult), MAX_GRID_NODES)]  # in the order of the clearing
    lines: Annotated[tuple[LineResult, ...], ListOf(Nested(LineResult), MAX_AUCTION_LINES)]
    orders: Annotated[int, U32]  # rows
    orders_root: Annotated[Hash, HASH]  # RFC 6962 root of the encoded rows, in order of number
