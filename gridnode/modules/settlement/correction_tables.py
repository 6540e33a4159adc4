"""Tables of corrections, and of what congestion rent was spent on. Rows are only added."""

from __future__ import annotations

from typing import Annotated, Final

from gridnode.codec.fields import ADDRESS, AMOUNT, I64, TEXT, U64
from gridnode.codec.records import record
from gridnode.modules.metering.tables import QUALITY, Quality
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount, EnergyWh, Height, TimeMs
from gridnode.state.key_parts import NAME_PART, U32_PART, U64_PART
from gridnode.state.prefixes import SETTLEMENT as MODULE
from gridnode.state.table import Table


@record
class Correction:
    """What came out late for a connection point in an MTU: the figures as they are from then on, and what that moved.

    Money in 1e-9 THB.
    """

    height: Annotated[Height, U64]  # of the block
    time_ms: Annotated[TimeMs, U64]  # chain time of the block
    quality: Annotated[Quality, QUALITY]  # the lowest of the readings now
    generated_wh: Annotated[EnergyWh, U64]  # in all, now
    consumed_wh: Annotated[EnergyWh, U64]  # the same
    generated_change_wh: Annotated[int, I64]  # from what stood before
    consumed_change_wh: Annotated[int, I64]  # the same
    imbalance_before_wh: Annotated[int, I64]  # above zero excess, below zero lack
    imbalance_wh: Annotated[int, I64]  # now
    credited: Annotated[Amount, AMOUNT]  # to the owner, from the DSO
    charged: Annotated[Amount, AMOUNT]  # from the owner, to the DSO; this or `credited` is 0
    unpaid: Annotated[Amount, AMOUNT]  # part of either that became arrears
    lack_vat: Annotated[Amount, AMOUNT]  # value-added tax contained in what all the lack costs, now
    sold_wh: Annotated[EnergyWh, U64]  # of late lots, gone to the DSO with the excess that it pays for
    kept_wh: Annotated[EnergyWh, U64]  # the rest of them, gone to the owner


@record
class CorrectionSums:
    """Sums over corrections, of one MTU or of all; money in 1e-9 THB."""

    entries: Annotated[int, U64]  # corrections
    generated_wh: Annotated[int, I64]  # change, either sign
    consumed_wh: Annotated[int, I64]  # the same
    credited: Annotated[Amount, AMOUNT]  # to owners
    charged: Annotated[Amount, AMOUNT]  # from owners
    unpaid: Annotated[Amount, AMOUNT]  # part of both that became arrears
    vat_added: Annotated[Amount, AMOUNT]  # value-added tax contained in lack that came on top
    vat_removed: Annotated[Amount, AMOUNT]  # in lack that turned out not to be
    sold_wh: Annotated[EnergyWh, U64]  # late lots to DSOs
    kept_wh: Annotated[EnergyWh, U64]  # late lots to owners


@record
class Spending:
    """Congestion rent that the regulator gave out."""

    recipient: Annotated[Address, ADDRESS]  # who got it
    amount: Annotated[Amount, AMOUNT]  # 1e-9 THB
    purpose: Annotated[str, TEXT]  # as people read it
    regulator: Annotated[Address, ADDRESS]  # who said so
    height: Annotated[Height, U64]  # of the block
    time_ms: Annotated[TimeMs, U64]  # chain time of the block


CORRECTIONS: Final[Table[Correction]] = Table(
    module=MODULE, number=12, name="corrections", key=(U64_PART, NAME_PART, U32_PART), value=Correction
)
"""(MTU, connection point, entry from 1) -> correction."""

MTU_CORRECTIONS: Final[Table[CorrectionSums]] = Table(
    module=MODULE, number=13, name="mtu_corrections", key=(U64_PART,), value=CorrectionSums
)
"""MTU -> sums of its corrections."""

ALL_CORRECTIONS: Final[Table[CorrectionSums]] = Table(
    module=MODULE, number=14, name="all_corrections", key=(), value=CorrectionSums
)
"""() -> sums of all corrections."""

SPENDINGS: Final[Table[Spending]] = Table(
    module=MODULE, number=15, name="spendings", key=(U64_PART,), value=Spending
)
"""number from 1 -> congestion rent given out."""
