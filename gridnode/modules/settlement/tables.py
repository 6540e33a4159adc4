"""Tables of progress, statements, sums and arrears, and the module's opening state."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final

from gridnode.codec.fields import ADDRESS, AMOUNT, BOOL, NAME, U64, Choice, Int, ListOf
from gridnode.codec.records import Nested, record
from gridnode.modules.metering.tables import QUALITY, Quality
from gridnode.modules.registry.tables import SOURCE, Source
from gridnode.primitives.ids import Address, ZoneId
from gridnode.primitives.limits import MAX_SETTLE_STEPS, MAX_SOURCES
from gridnode.primitives.units import Amount, EnergyWh, Mtu
from gridnode.state.key_parts import ADDRESS_PART, NAME_PART, U64_PART
from gridnode.state.prefixes import SETTLEMENT as MODULE
from gridnode.state.table import Table


class Phase(IntEnum):
    """What is being done for the MTU in progress."""

    WAITING = 0  # nothing: it is the lowest MTU that may come next
    WEIGHING = 1  # its trades: which are void, and what each seller sold
    DELIVERING = 2  # the trades that are not void
    TAKING = 3  # its points


@record
class SettlementGenesis:
    """Opening state and parameters of the module."""

    steps_per_block: Annotated[int, Int(1, MAX_SETTLE_STEPS)]  # trades, points and corrections


@record
class Progress:
    """How far settlement has come."""

    mtu: Annotated[Mtu, U64]
    phase: Annotated[Phase, Choice(Phase)]
    trade: Annotated[int, U64]  # last one weighed or delivered of the MTU; 0 when none


@record
class SourceSale:
    """What a point sold of one source in an MTU."""

    source: Annotated[Source, SOURCE]
    sold_wh: Annotated[EnergyWh, U64]  # by all its trades that are not void
    deliverable_wh: Annotated[EnergyWh, U64]  # of them, once it is known
    reached_wh: Annotated[EnergyWh, U64]  # of the trades that deliveries have come to


@record
class Sales:
    """What a point sold in an MTU, until it is settled."""

    covered_wh: Annotated[EnergyWh, U64]  # of sales that need a lock and have it
    is_allotted: Annotated[bool, BOOL]  # whether it is known what can be delivered
    sources: Annotated[tuple[SourceSale, ...], ListOf(Nested(SourceSale), MAX_SOURCES)]  # ascending by source


@record
class Work:
    """What trades have done for a point in an MTU; energies in Wh, money in 1e-9 THB."""

    delivered_wh: Annotated[EnergyWh, U64]  # to buyers
    received_wh: Annotated[EnergyWh, U64]  # from sellers
    certified_wh: Annotated[EnergyWh, U64]  # received, consumed and retired in the owner's name
    passed_wh: Annotated[EnergyWh, U64]  # received and gone to the DSO as excess
    voided_sold_wh: Annotated[EnergyWh, U64]  # sales undone for want of a lock; not in what it sold
    voided_bought_wh: Annotated[EnergyWh, U64]  # purchases undone; not in what it bought
    sales: Annotated[Amount, AMOUNT]  # seller price of its sales
    purchases: Annotated[Amount, AMOUNT]  # all that its purchases cost, the next three included
    wheeling: Annotated[Amount, AMOUNT]  # of its purchases
    rent: Annotated[Amount, AMOUNT]  # the same, congestion rent
    fees: Annotated[Amount, AMOUNT]  # the same
    credits_nano: Annotated[int, U64]  # carbon credits minted, 1e-9 credit


@record
class Statement:
    """The settlement of one connection point in one MTU; money in 1e-9 THB."""

    owner: Annotated[Address, ADDRESS]  # the participant
    zone: Annotated[ZoneId, NAME]
    quality: Annotated[Quality, QUALITY]  # the lowest of its readings; ESTIMATED when one of them is the chain's own guess
    generated_wh: Annotated[EnergyWh, U64]
    consumed_wh: Annotated[EnergyWh, U64]
    sold_wh: Annotated[EnergyWh, U64]  # by trades that are not void
    bought_wh: Annotated[EnergyWh, U64]  # the same
    work: Annotated[Work, Nested(Work)]  # what trades did
    self_consumed_wh: Annotated[EnergyWh, U64]  # of own lots, retired in the owner's name
    excess_wh: Annotated[EnergyWh, U64]  # bought by the DSO at the feed-in price
    lack_wh: Annotated[EnergyWh, U64]  # sold by the DSO at the all-in retail price
    imbalance: Annotated[Amount, AMOUNT]  # paid to the owner for excess, or due from it for lack
    unpaid: Annotated[Amount, AMOUNT]  # part of it that became arrears
    lack_vat: Annotated[Amount, AMOUNT]  # value-added tax contained in what lack costs
    wheeling_vat: Annotated[Amount, AMOUNT]  # contained in the wheeling of its purchases


@record
class Settled:
    """Sums over what is settled, of one MTU or of all, corrections not included; money in 1e-9 THB."""

    points: Annotated[int, U64]  # statements
    estimated: Annotated[int, U64]  # of them rest on an estimate
    trades: Annotated[int, U64]  # how many, void ones not
    voided: Annotated[int, U64]  # trades that are void
    sold_wh: Annotated[EnergyWh, U64]  # by the trades
    voided_wh: Annotated[EnergyWh, U64]  # by those that are void
    delivered_wh: Annotated[EnergyWh, U64]  # for what was sold
    generated_wh: Annotated[EnergyWh, U64]
    consumed_wh: Annotated[EnergyWh, U64]
    self_consumed_wh: Annotated[EnergyWh, U64]
    certified_wh: Annotated[EnergyWh, U64]  # received and consumed
    excess_wh: Annotated[EnergyWh, U64]
    lack_wh: Annotated[EnergyWh, U64]
    sales: Annotated[Amount, AMOUNT]  # to sellers
    wheeling: Annotated[Amount, AMOUNT]  # to DSOs and owners of lines
    rent: Annotated[Amount, AMOUNT]  # to the congestion account
    fees: Annotated[Amount, AMOUNT]  # to the fee account
    excess_paid: Annotated[Amount, AMOUNT]  # due from DSOs
    lack_paid: Annotated[Amount, AMOUNT]  # due to DSOs
    unpaid: Annotated[Amount, AMOUNT]  # part of the last two that became arrears
    lack_vat: Annotated[Amount, AMOUNT]  # value-added tax contained in what is due to DSOs
    wheeling_vat: Annotated[Amount, AMOUNT]  # contained in wheeling
    credits_nano: Annotated[int, U64]  # carbon credits minted


PARAMS: Final[Table[SettlementGenesis]] = Table(
    module=MODULE, number=1, name="params", key=(), value=SettlementGenesis
)
"""() -> parameters."""

PROGRESS: Final[Table[Progress]] = Table(module=MODULE, number=2, name="progress", key=(), value=Progress)
"""() -> progress; no row before the first MTU."""

DELIVERIES: Final[Table[int]] = Table(
    module=MODULE, number=3, name="deliveries", key=(U64_PART, U64_PART), value=U64
)
"""(MTU, trade number) -> Wh delivered; there once escrow has paid for the trade, or paid it back."""

WORKS: Final[Table[Work]] = Table(
    module=MODULE, number=4, name="works", key=(U64_PART, NAME_PART), value=Work
)
"""(MTU, connection point) -> work, from its first trade that is settled to its statement."""

STATEMENTS: Final[Table[Statement]] = Table(
    module=MODULE, number=5, name="statements", key=(U64_PART, NAME_PART), value=Statement
)
"""(MTU, connection point) -> statement."""

MTUS: Final[Table[Settled]] = Table(module=MODULE, number=6, name="mtus", key=(U64_PART,), value=Settled)
"""MTU -> sums of what is settled of it."""

TOTALS: Final[Table[Settled]] = Table(module=MODULE, number=7, name="totals", key=(), value=Settled)
"""() -> sums of everything settled."""

ARREARS: Final[Table[Amount]] = Table(
    module=MODULE, number=8, name="arrears", key=(ADDRESS_PART, ADDRESS_PART), value=AMOUNT
)
"""(debtor, creditor) -> 1e-9 THB owed."""

OPENING: Final[Table[Amount]] = Table(module=MODULE, number=9, name="opening", key=(), value=AMOUNT)
"""() -> supply of GRID that genesis made; no row when none. What rules made since is told from it."""

SALES: Final[Table[Sales]] = Table(
    module=MODULE, number=10, name="sales", key=(U64_PART, NAME_PART), value=Sales
)
"""(MTU, connection point) -> what it sold by source, from weighing to its statement."""

OWNER_STATEMENTS: Final[Table[bool]] = Table(
    module=MODULE, number=11, name="owner_statements", key=(ADDRESS_PART, U64_PART, NAME_PART), value=BOOL
)
"""(owner, MTU, connection point) -> whether there is a statement; when not, there are corrections alone."""
