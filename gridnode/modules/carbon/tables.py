"""Tables of earnings and of the credits' order book, and the module's opening state."""

from __future__ import annotations

from typing import Annotated, Final

from gridnode.codec.fields import ADDRESS, AMOUNT, BOOL, U64, Int, ListOf
from gridnode.codec.records import Nested, record
from gridnode.crypto.address import module_address
from gridnode.modules.market.tables import SIDE, STATUS, OrderStatus, Side
from gridnode.modules.registry.tables import SOURCE, Source
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import (
    MAX_CARBON_OPEN,
    MAX_CARBON_STEPS,
    MAX_CREDIT_NANO,
    MAX_PRICE_MICRO,
    MAX_SOURCES,
)
from gridnode.primitives.units import Amount, EnergyWh, PriceMicro, TimeMs
from gridnode.state.key_parts import ADDRESS_PART, U8_PART, U64_PART, UnsignedPart
from gridnode.state.prefixes import CARBON as MODULE
from gridnode.state.table import Table

ESCROW_ACCOUNT: Final = module_address("carbon/escrow")
"""Account that holds what open orders may have to hand over: THB of bids, credits of offers."""

CREDIT: Final = Int(0, MAX_CREDIT_NANO)
PRICE: Final = Int(0, MAX_PRICE_MICRO)
POSITIVE_PRICE: Final = Int(1, MAX_PRICE_MICRO)
AMOUNT_PART: Final = UnsignedPart(16)


@record
class SourceRate:
    """Carbon credits for energy of a source that a buyer received."""

    source: Annotated[Source, SOURCE]
    nano_per_wh: Annotated[int, Int(0, 10**9)]  # 1e-9 credit; 1 credit is 1 kg CO2


@record
class CarbonGenesis:
    """Opening state and parameters of the module; credits in 1e-9 credit, prices and fee in 1e-6 THB per credit."""

    rates: Annotated[tuple[SourceRate, ...], ListOf(Nested(SourceRate), MAX_SOURCES)]  # none for sources not listed
    amount_step_nano: Annotated[int, Int(1, MAX_CREDIT_NANO)]  # amounts of orders are multiples of it
    min_amount_nano: Annotated[int, Int(1, MAX_CREDIT_NANO)]
    max_amount_nano: Annotated[int, Int(1, MAX_CREDIT_NANO)]
    price_tick_micro: Annotated[PriceMicro, POSITIVE_PRICE]  # limits are multiples of it
    price_floor_micro: Annotated[PriceMicro, POSITIVE_PRICE]
    price_cap_micro: Annotated[PriceMicro, POSITIVE_PRICE]
    fee_micro: Annotated[PriceMicro, PRICE]  # on top of the price, from the buyer
    fee_account: Annotated[Address, ADDRESS]  # receives the fee
    max_open_orders: Annotated[int, Int(1, MAX_CARBON_OPEN)]  # of one account
    match_steps: Annotated[int, Int(1, MAX_CARBON_STEPS)]  # orders that one message may trade with


@record
class SourceTotal:
    """What energy of a source has earned, ever."""

    energy_wh: Annotated[EnergyWh, U64]
    credits_nano: Annotated[Amount, AMOUNT]


@record
class Order:
    """An order for credits."""

    owner: Annotated[Address, ADDRESS]  # who pays or is paid
    side: Annotated[Side, SIDE]
    amount_nano: Annotated[int, CREDIT]
    price_micro: Annotated[PriceMicro, PRICE]  # its limit, per credit
    fee_micro: Annotated[PriceMicro, PRICE]  # that a bid pays on top; 0 for offers
    filled_nano: Annotated[int, CREDIT]
    value: Annotated[Amount, AMOUNT]  # of its trades, fee not included, 1e-9 THB
    status: Annotated[OrderStatus, STATUS]
    placed_ms: Annotated[TimeMs, U64]  # chain time at which it came in


@record
class Trade:
    """Credits that changed hands."""

    buyer: Annotated[Address, ADDRESS]  # receives the credits
    seller: Annotated[Address, ADDRESS]  # receives the price
    bid: Annotated[int, U64]  # number of the order
    offer: Annotated[int, U64]  # likewise
    taker: Annotated[Side, SIDE]  # side of the order that came in; the other one rested
    amount_nano: Annotated[int, CREDIT]
    price_micro: Annotated[PriceMicro, PRICE]  # limit of the order that rested
    fee_micro: Annotated[PriceMicro, PRICE]  # from the buyer on top
    time_ms: Annotated[TimeMs, U64]


@record
class Statistics:
    """Sums over all trades."""

    trades: Annotated[int, U64]
    volume_nano: Annotated[Amount, AMOUNT]  # credits
    value: Annotated[Amount, AMOUNT]  # 1e-9 THB, fees not included
    fees: Annotated[Amount, AMOUNT]  # of buyers
    last_micro: Annotated[PriceMicro, PRICE]  # price of the last trade; 0 when there is none
    high_micro: Annotated[PriceMicro, PRICE]
    low_micro: Annotated[PriceMicro, PRICE]


PARAMS: Final[Table[CarbonGenesis]] = Table(module=MODULE, number=1, name="params", key=(), value=CarbonGenesis)
"""() -> parameters."""

OPENING: Final[Table[Amount]] = Table(module=MODULE, number=2, name="opening", key=(), value=AMOUNT)
"""() -> credits that genesis made; no row when none."""

EARNED: Final[Table[Amount]] = Table(module=MODULE, number=3, name="earned", key=(ADDRESS_PART,), value=AMOUNT)
"""account -> credits it ever earned."""

RANKING: Final[Table[bool]] = Table(
    module=MODULE, number=4, name="ranking", key=(AMOUNT_PART, ADDRESS_PART), value=BOOL
)
"""(MAX_AMOUNT - credits earned, account) -> true: accounts by credits earned, most first."""

SOURCES: Final[Table[SourceTotal]] = Table(
    module=MODULE, number=5, name="sources", key=(U8_PART,), value=SourceTotal
)
"""source -> what its energy earned."""

RETIRED: Final[Table[Amount]] = Table(module=MODULE, number=6, name="retired", key=(), value=AMOUNT)
"""() -> credits that were retired, ever; no row when none."""

ORDERS: Final[Table[Order]] = Table(module=MODULE, number=7, name="orders", key=(U64_PART,), value=Order)
"""order number -> order; a number is given once, in the order in which orders came in."""

BOOK: Final[Table[bool]] = Table(
    module=MODULE, number=8, name="book", key=(U8_PART, U64_PART, U64_PART), value=BOOL
)
"""(side, price of an offer or MAX_PRICE_MICRO - price of a bid, order number) -> true: open orders, the best first."""

OPEN: Final[Table[bool]] = Table(
    module=MODULE, number=9, name="open", key=(ADDRESS_PART, U8_PART, U64_PART, U64_PART), value=BOOL
)
"""(account, side, rank of the price, order number) -> true: its open orders, as in the book."""

PLACED: Final[Table[bool]] = Table(module=MODULE, number=10, name="placed", key=(ADDRESS_PART, U64_PART), value=BOOL)
"""(account, order number) -> true: all its orders."""

TRADES: Final[Table[Trade]] = Table(module=MODULE, number=11, name="trades", key=(U64_PART,), value=Trade)
"""trade number -> trade."""

TRADED: Final[Table[bool]] = Table(module=MODULE, number=12, name="traded", key=(ADDRESS_PART, U64_PART), value=BOOL)
"""(account, trade number) -> true: trades that it bought or sold in."""

STATISTICS: Final[Table[Statistics]] = Table(
    module=MODULE, number=13, name="statistics", key=(), value=Statistics
)
"""() -> sums over all trades; no row before the first."""

NEXT_ORDER: Final[Table[int]] = Table(module=MODULE, number=14, name="next_order", key=(), value=U64)
"""() -> number of the next order; no row means 1."""
