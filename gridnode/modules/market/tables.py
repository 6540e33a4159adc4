"""Tables of orders, trades and what is derived from them, and the module's opening state."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final

from gridnode.codec.fields import (
    ADDRESS,
    ADDRESS_OR_NIL,
    AMOUNT,
    BOOL,
    I64,
    NAME,
    U8,
    U32,
    U64,
    Choice,
    Int,
    ListOf,
)
from gridnode.codec.records import Nested, record
from gridnode.crypto.address import module_address
from gridnode.modules.registry.tables import SOURCE, Source
from gridnode.primitives.ids import Address, PointId, ZoneId
from gridnode.primitives.limits import (
    MAX_BOOK_ORDERS,
    MAX_MATCH_STEPS,
    MAX_OPEN_ORDERS,
    MAX_ORDER_WH,
    MAX_PREFERENCES,
    MAX_PRICE_MICRO,
    MAX_SHEET_ORDERS,
    MAX_SOURCES,
)
from gridnode.primitives.units import Amount, DurationMs, EnergyWh, Mtu, PriceMicro, TimeMs
from gridnode.state.key_parts import ADDRESS_PART, NAME_PART, U8_PART, U64_PART
from gridnode.state.prefixes import MARKET as MODULE
from gridnode.state.table import Table

ESCROW_ACCOUNT: Final = module_address("market/escrow")
"""Account that holds what bids may cost until the trade is settled or the bid is gone."""


class Side(IntEnum):
    """Which way an order trades. Numbers are the matching kernel's."""

    BID = 0
    OFFER = 1


class Mode(IntEnum):
    """How orders meet. Numbers are consensus data."""

    CONTINUOUS = 1  # as they come, until the gate closes
    AUCTION = 2  # all at once, when the gate closes
    BOTH = 3  # as they come, then a call phase, and all at once what is left when the gate closes


class Terms(IntEnum):
    """How an order wants to trade. Numbers are consensus data."""

    REST = 1  # at once as far as it can, the rest waits
    IOC = 2  # immediate or cancel: at once as far as it can, the rest is cancelled
    FOK = 3  # fill or kill: at once and whole, or not at all
    POST_ONLY = 4  # waits; cancelled when it would trade at once
    MARKET = 5  # at once at any price that is no worse than the utility's tariff, the rest is cancelled
    AUCTION = 6  # takes part in the call auction only


class Ending(IntEnum):
    """Why an order that is not filled is done. Numbers are consensus data."""

    NONE = 0  # it is not done, or it is filled
    OWNER = 1  # its owner took it back
    REPLACED = 2  # its owner replaced the sheet
    IMMEDIATE = 3  # what is left of an IOC or market order, or of one whose last preference names a partner
    KILLED = 4  # a fill-or-kill order that could not be filled whole
    POSTED = 5  # a post-only order that would have traded at once
    DATE = 6  # good until a time that has come
    GATE = 7  # the gate closed before it was filled


class Phase(IntEnum):
    """Where the book of an MTU stands. Numbers are consensus data."""

    CONTINUOUS = 0  # orders are matched as they come
    CALL = 1  # orders come in and wait for the auction
    CLEARING = 2  # the gate is closed; the auction is to be held
    ENTERING = 3  # the auction was held; its trades are being written
    EXPIRING = 4  # what was not traded ends


class OrderStatus(IntEnum):
    """Where an order stands. Numbers are consensus data."""

    ACTIVE = 1
    PARTLY_FILLED = 2
    FILLED = 3
    CANCELLED = 4
    EXPIRED = 5


SIDE: Final = Choice(Side)
TERMS: Final = Choice(Terms)
STATUS: Final = Choice(OrderStatus)
SOURCES: Final = Int(0, (1 << MAX_SOURCES) - 1)
PRICE: Final = Int(0, MAX_PRICE_MICRO)
ENERGY: Final = Int(0, MAX_ORDER_WH)


@record
class Bounds:
    """What an order may say; dated, from an MTU on."""

    min_order_wh: Annotated[EnergyWh, Int(1, MAX_ORDER_WH)]
    max_order_wh: Annotated[EnergyWh, Int(1, MAX_ORDER_WH)]
    price_tick_micro: Annotated[PriceMicro, Int(1, MAX_PRICE_MICRO)]  # limit prices are multiples of it
    price_floor_micro: Annotated[PriceMicro, PRICE]  # lowest limit, per kWh; not negative, so no offer needs escrow
    price_cap_micro: Annotated[PriceMicro, PRICE]  # highest limit, per kWh


@record
class MarketGenesis:
    """Opening state and parameters of the module; there are no orders before block 1."""

    mode: Annotated[Mode, Choice(Mode)]
    bounds: Annotated[Bounds, Nested(Bounds)]  # in force from MTU 0
    trade_fee_micro: Annotated[PriceMicro, PRICE]  # paid by the buyer, per kWh traded
    fee_account: Annotated[Address, ADDRESS]  # receives trade fees at settlement
    open_ahead_mtus: Annotated[int, Int(1, 100_000)]  # orders are taken for so many MTUs after the present one
    gate_closure_ms: Annotated[DurationMs, Int(0, 366 * 86_400_000)]  # and until so long before the MTU starts
    call_ms: Annotated[DurationMs, Int(0, 366 * 86_400_000)]  # length of the call phase before that, where mode is both
    max_book_orders: Annotated[int, Int(1, MAX_BOOK_ORDERS)]  # open orders of one MTU, and so of one auction
    max_open_orders: Annotated[int, Int(1, MAX_OPEN_ORDERS)]  # open orders of one account over all MTUs
    lock_from_wh: Annotated[EnergyWh, ENERGY]  # offers of so much need a device lock to be paid; 0: none does
    match_steps_per_block: Annotated[int, Int(2, MAX_MATCH_STEPS)]  # orders taken up plus fills; with 1 none would ever trade
    expiries_per_block: Annotated[int, Int(1, MAX_MATCH_STEPS)]  # orders looked at after gate closure


@record
class Sheet:
    """Orders that came in one message. Their numbers follow on the key, in the order of `mtus`."""

    owner: Annotated[Address, ADDRESS]  # who sent it
    sheet_id: Annotated[int, U64]  # the owner's own number for it
    revision: Annotated[int, U32]  # 0 when it was placed, one more with each replacement
    point: Annotated[PointId, NAME]
    mtus: Annotated[tuple[Mtu, ...], ListOf(U64, MAX_SHEET_ORDERS, 1)]


@record
class Preference:
    """A counterparty that an order tries before others: a partner, or sources, or a partner's energy of these sources."""

    partner: Annotated[Address, ADDRESS_OR_NIL]  # an account; empty for anybody
    sources: Annotated[int, SOURCES]  # bits, `source_bit`; 0 for those of the order; of an offer always 0


@record
class Order:
    """One order and what has become of it."""

    owner: Annotated[Address, ADDRESS]  # who sent it and pays or is paid
    sheet_id: Annotated[int, U64]  # the sheet it came in, by its owner's number
    point: Annotated[PointId, NAME]
    zone: Annotated[ZoneId, NAME]
    side: Annotated[Side, SIDE]
    sources: Annotated[int, SOURCES]  # bits: the one an offer is of, all that a bid accepts
    energy_wh: Annotated[EnergyWh, ENERGY]
    remaining_wh: Annotated[EnergyWh, ENERGY]  # not traded; of a cancelled or expired order: never was
    limit_micro: Annotated[PriceMicro, PRICE]  # per kWh; of a bid: delivered, wheeling included, fee not
    terms: Annotated[Terms, TERMS]
    preferences: Annotated[tuple[Preference, ...], ListOf(Nested(Preference), MAX_PREFERENCES)]  # tried first, in this order
    good_until_ms: Annotated[TimeMs, U64]  # chain time at which it ends; 0 for the gate closure
    placed_ms: Annotated[TimeMs, U64]  # chain time of the block that took it
    status: Annotated[OrderStatus, STATUS]
    ending: Annotated[Ending, Choice(Ending)]  # why, when it is cancelled or expired


@record
class Trade:
    """Energy that a seller owes and a buyer pays, firm from the moment of the match."""

    buyer: Annotated[Address, ADDRESS]
    seller: Annotated[Address, ADDRESS]
    buyer_order: Annotated[int, U64]  # number of the bid
    seller_order: Annotated[int, U64]  # number of the offer
    buyer_point: Annotated[PointId, NAME]
    seller_point: Annotated[PointId, NAME]
    buyer_zone: Annotated[ZoneId, NAME]
    seller_zone: Annotated[ZoneId, NAME]
    source: Annotated[Source, SOURCE]  # what was offered
    energy_wh: Annotated[EnergyWh, ENERGY]
    price_micro: Annotated[PriceMicro, PRICE]  # per kWh to the seller
    wheeling_micro: Annotated[PriceMicro, PRICE]  # per kWh on top, from the buyer to the grid's owners
    fee_micro: Annotated[PriceMicro, PRICE]  # per kWh on top, from the buyer to the fee account
    rent_micro: Annotated[PriceMicro, PRICE]  # per kWh on top, from the buyer to the congestion account; 0 unless of an auction
    path: Annotated[int, U32]  # of an auction: number of its row in `auction_paths`; 0 for a continuous trade over the zones' way
    time_ms: Annotated[TimeMs, U64]  # chain time of the match


@record
class Position:
    """What a connection point has traded for one MTU."""

    sold_wh: Annotated[EnergyWh, U64]
    bought_wh: Annotated[EnergyWh, U64]


@record
class Statistics:
    """Trades of one MTU, or of all. The volume-weighted average price is value // volume, in 1e-6 per kWh."""

    trades: Annotated[int, U64]  # how many
    volume_wh: Annotated[EnergyWh, U64]
    value: Annotated[Amount, AMOUNT]  # sum of Wh x seller price, 1e-9 THB
    open_micro: Annotated[PriceMicro, PRICE]  # of the first trade
    high_micro: Annotated[PriceMicro, PRICE]  # seller prices
    low_micro: Annotated[PriceMicro, PRICE]
    last_micro: Annotated[PriceMicro, PRICE]


@record
class Interruption:
    """Where the budget of a block ended inside the matching of an order."""

    mtu: Annotated[Mtu, U64]
    order: Annotated[int, U64]
    preference: Annotated[int, U8]  # the one being tried; as many as there are when they are behind it
    counterparty: Annotated[int, U64]  # the partner's order being tried; 0 for any


@record
class Period:
    """The book of one MTU."""

    phase: Annotated[Phase, Choice(Phase)]
    cursor: Annotated[int, U64]  # while entering: number of the path whose trades are being written; else 0
    open_orders: Annotated[int, U32]  # orders that may still trade


PARAMS: Final[Table[MarketGenesis]] = Table(module=MODULE, number=1, name="params", key=(), value=MarketGenesis)
"""() -> parameters."""

SHEETS: Final[Table[Sheet]] = Table(module=MODULE, number=2, name="sheets", key=(U64_PART,), value=Sheet)
"""number of its first order -> sheet."""

SHEET_IDS: Final[Table[int]] = Table(
    module=MODULE, number=3, name="sheet_ids", key=(ADDRESS_PART, U64_PART), value=U64
)
"""(owner, sheet id) -> number of its first order."""

ORDERS: Final[Table[Order]] = Table(
    module=MODULE, number=4, name="orders", key=(U64_PART, U64_PART), value=Order
)
"""(MTU, order number) -> order."""

PENDING: Final[Table[int]] = Table(module=MODULE, number=5, name="pending", key=(U64_PART,), value=U64)
"""order number -> MTU, of orders that wait for the matching of a block."""

CANCELS: Final[Table[int]] = Table(module=MODULE, number=6, name="cancels", key=(U64_PART,), value=U64)
"""order number -> MTU, of resting orders cancelled in this block; empty between blocks."""

PERIODS: Final[Table[Period]] = Table(module=MODULE, number=7, name="periods", key=(U64_PART,), value=Period)
"""MTU -> where its book stands; no row when all orders have ended, or none ever came."""

TRADES: Final[Table[Trade]] = Table(
    module=MODULE, number=8, name="trades", key=(U64_PART, U64_PART), value=Trade
)
"""(MTU, trade number) -> trade."""

TRADE_MTUS: Final[Table[int]] = Table(module=MODULE, number=9, name="trade_mtus", key=(U64_PART,), value=U64)
"""trade number -> MTU."""

OWNER_TRADES: Final[Table[int]] = Table(
    module=MODULE, number=10, name="owner_trades", key=(ADDRESS_PART, U64_PART), value=U64
)
"""(buyer or seller, trade number) -> MTU."""

POSITIONS: Final[Table[Position]] = Table(
    module=MODULE, number=11, name="positions", key=(U64_PART, NAME_PART), value=Position
)
"""(MTU, connection point) -> what it traded, until it is settled."""

ESCROW: Final[Table[Amount]] = Table(module=MODULE, number=12, name="escrow", key=(U64_PART,), value=AMOUNT)
"""MTU -> what the escrow account holds for its bids and unsettled trades; no row when nothing."""

FLOWS: Final[Table[int]] = Table(module=MODULE, number=13, name="flows", key=(U8_PART, U64_PART), value=I64)
"""(index of a line, MTU) -> net flow, Wh, positive forward; no row when zero."""

STATISTICS: Final[Table[Statistics]] = Table(
    module=MODULE, number=14, name="statistics", key=(U64_PART,), value=Statistics
)
"""MTU -> statistics of its trades."""

TOTALS: Final[Table[Statistics]] = Table(module=MODULE, number=15, name="totals", key=(), value=Statistics)
"""() -> statistics of all trades."""

NEXT_ORDER: Final[Table[int]] = Table(module=MODULE, number=16, name="next_order", key=(), value=U64)
"""() -> number of the next order; no row means 1."""

NEXT_TRADE: Final[Table[int]] = Table(module=MODULE, number=17, name="next_trade", key=(), value=U64)
"""() -> number of the next trade; no row means 1."""

INTERRUPTED: Final[Table[Interruption]] = Table(
    module=MODULE, number=18, name="interrupted", key=(), value=Interruption
)
"""() -> the order whose matching goes on in the next block; no row when none was interrupted."""

BARRED: Final[Table[bool]] = Table(module=MODULE, number=19, name="barred", key=(ADDRESS_PART,), value=BOOL)
"""account -> true while it owes money from settlements and may not order; settlement sets it."""

OPEN_ORDERS: Final[Table[Side]] = Table(
    module=MODULE, number=20, name="open_orders", key=(U64_PART, ADDRESS_PART, U64_PART), value=SIDE
)
"""(MTU, owner, order number) -> side, of orders that may still trade: those of a book, and an owner's in it, however many are done."""

OPEN_COUNTS: Final[Table[int]] = Table(
    module=MODULE, number=21, name="open_counts", key=(ADDRESS_PART, U8_PART), value=U32
)
"""(owner, side) -> how many rows it has in `open_orders`; no row when none."""

DEADLINES: Final[Table[int]] = Table(
    module=MODULE, number=22, name="deadlines", key=(U64_PART, U64_PART), value=U64
)
"""(chain time, order number) -> MTU, of open orders that are good until that time."""

BOUNDS: Final[Table[Bounds]] = Table(module=MODULE, number=23, name="bounds", key=(U64_PART,), value=Bounds)
"""first MTU for which they hold -> bounds of orders."""

CANDLES: Final[Table[Statistics]] = Table(
    module=MODULE, number=24, name="candles", key=(U64_PART,), value=Statistics
)
"""chain time of the match // mtu_ms -> statistics of trades made then, whatever their MTU."""
