"""Tables of progress, statements and arrears, and the module's opening state."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final

from gridnode.codec.fields import ADDRESS, AMOUNT, NAME, U64, Choice, Int
from gridnode.codec.records import Nested, record
from gridnode.primitives.ids import Address, ZoneId
from gridnode.primitives.limits import MAX_SETTLE_STEPS
from gridnode.primitives.units import Amount, EnergyWh, Mtu
from gridnode.state.key_parts import ADDRESS_PART, NAME_PART, U64_PART
from gridnode.state.prefixes import SETTLEMENT as MODULE
from gridnode.state.table import Table


class Phase(IntEnum):
    """What is being done for the MTU in progress."""

    WAITING = 0  # nothing: it is the lowest MTU that may come next
    DELIVERING = 1  # its trades
    TAKING = 2  # its points


@record
class SettlementGenesis:
    """Opening state and parameters of the module."""

    steps_per_block: Annotated[int, Int(1, MAX_SETTLE_STEPS)]  # trades and points


@record
class Progress:
    """How far settlement has come."""

    mtu: Annotated[Mtu, U64]
    phase: Annotated[Phase, Choice(Phase)]
    trade: Annotated[int, U64]  # last one delivered of the MTU; 0 when none


@record
class Work:
    """What deliveries have done for a point in an MTU; energies in Wh, money in 1e-9 THB."""

    delivered_wh: Annotated[EnergyWh, U64]  # to buyers
    received_wh: Annotated[EnergyWh, U64]  # from sellers
    certified_wh: Annotated[EnergyWh, U64]  # received, consumed and retired in the owner's name
    passed_wh: Annotated[EnergyWh, U64]  # received and gone to the DSO as excess
    sales: Annotated[Amount, AMOUNT]  # seller price of its sales
    purchases: Annotated[Amount, AMOUNT]  # price, wheeling and fee of its purchases
    credits_nano: Annotated[int, U64]  # carbon credits minted, 1e-9 credit


@record
class Statement:
    """The settlement of one connection point in one MTU; money in 1e-9 THB."""

    owner: Annotated[Address, ADDRESS]  # the participant
    zone: Annotated[ZoneId, NAME]
    generated_wh: Annotated[EnergyWh, U64]
    consumed_wh: Annotated[EnergyWh, U64]
    sold_wh: Annotated[EnergyWh, U64]
    bought_wh: Annotated[EnergyWh, U64]
    work: Annotated[Work, Nested(Work)]  # deliveries
    self_consumed_wh: Annotated[EnergyWh, U64]  # of own lots, retired in the owner's name
    excess_wh: Annotated[EnergyWh, U64]  # bought by the DSO at the feed-in tariff
    lack_wh: Annotated[EnergyWh, U64]  # sold by the DSO at the retail tariff
    imbalance: Annotated[Amount, AMOUNT]  # paid to the owner for excess, or due from it for lack
    unpaid: Annotated[Amount, AMOUNT]  # part of it that became arrears


@record
class Settled:
    """Sums over what is settled, of one MTU or of all; money in 1e-9 THB."""

    points: Annotated[int, U64]  # statements
    trades: Annotated[int, U64]  # how many
    sold_wh: Annotated[EnergyWh, U64]  # by the trades
    delivered_wh: Annotated[EnergyWh, U64]  # for them
    generated_wh: Annotated[EnergyWh, U64]
    consumed_wh: Annotated[EnergyWh, U64]
    self_consumed_wh: Annotated[EnergyWh, U64]
    certified_wh: Annotated[EnergyWh, U64]  # received and consumed
    excess_wh: Annotated[EnergyWh, U64]
    lack_wh: Annotated[EnergyWh, U64]
    sales: Annotated[Amount, AMOUNT]  # to sellers
    wheeling: Annotated[Amount, AMOUNT]  # to DSOs and owners of lines
    fees: Annotated[Amount, AMOUNT]  # to the fee account
    excess_paid: Annotated[Amount, AMOUNT]  # due from DSOs
    lack_paid: Annotated[Amount, AMOUNT]  # due to DSOs
    unpaid: Annotated[Amount, AMOUNT]  # part of the last two that became arrears
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
"""(MTU, trade number) -> Wh delivered; there once the trade is settled."""

WORKS: Final[Table[Work]] = Table(
    module=MODULE, number=4, name="works", key=(U64_PART, NAME_PART), value=Work
)
"""(MTU, connection point) -> work, from its first delivery to its statement."""

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
