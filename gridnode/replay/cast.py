"""Who acts in a replay: institutions, one participant a connection point, one device a meter; all keys drawn from the seed.

Keys from a seed are for test networks alone: whoever knows the seed has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridnode.client.wallet import Wallet
from gridnode.crypto.hashing import Tag
from gridnode.crypto.keys import KeyPair, key_pair
from gridnode.modules.market.messages import SheetEntry
from gridnode.modules.market.sources import ANY_SOURCE, source_bit
from gridnode.modules.market.tables import Side, Terms
from gridnode.modules.metering.messages import SubmitReading, sign_reading
from gridnode.modules.registry.messages import BindMeter, RegisterParticipant, RegisterPoint
from gridnode.modules.registry.tables import Direction, Kind, Source
from gridnode.modules.token.messages import Mint
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.ids import MeterId, PointId, ZoneId
from gridnode.primitives.units import Amount, EnergyWh, Mtu, PriceMicro
from gridnode.replay.day import Day, DayMeter
from gridnode.replay.intentions import Want

_SEED = Tag("gridnode/replay-key")
REGULATOR = "ERC"
ISSUER = "BANK"
FUNDS_RESERVE = 1_000 * 10**9
"""THB (1e-9) that each participant has beyond what its day can cost."""
DEAREST_MICRO = 10_000_000
"""No MTU's energy costs a participant more than this, 1e-6 THB/kWh; bounds its funding."""
METER_MARGIN = 4
"""A meter is registered for so many times its highest quarter hour."""


def derived_key(seed: int, role: str) -> KeyPair:
    """Key pair of a role (`institution/ERC`, `participant/...`, `device/...`) in the replay with this seed."""
    return key_pair(_SEED.hash(f"{seed}/{role}".encode()))


@dataclass(frozen=True, slots=True)
class Participant:
    """The owner of one connection point."""

    point: str
    """Connection point."""
    zone: str
    """Its zone."""
    wallet: Wallet
    """Signs for the owner."""
    meters: tuple[DayMeter, ...]
    """Meters at the point."""

    @property
    def generates(self) -> bool:
        """Whether any of its meters feeds in."""
        return any(meter.generates for meter in self.meters)


class Cast:
    """Everybody who signs in a replay."""

    def __init__(self, day: Day, seed: int, chain_id: str, dso_of_zone: Mapping[str, str]) -> None:
        self.chain_id = chain_id
        self.dso_of_zone = dict(dso_of_zone)
        names = [REGULATOR, ISSUER, *sorted(set(dso_of_zone.values()))]
        self.institutions = {
            name: Wallet(derived_key(seed, f"institution/{name}"), chain_id) for name in dict.fromkeys(names)
        }
        self.devices = {meter.meter_id: derived_key(seed, f"device/{meter.meter_id}") for meter in day.meters}
        meters: dict[str, list[DayMeter]] = {}
        for meter in day.meters:
            meters.setdefault(meter.point, []).append(meter)
        self.participants = tuple(
            Participant(
                point,
                meters[point][0].zone,
                Wallet(derived_key(seed, f"participant/{point}"), chain_id),
                tuple(meters[point]),
            )
            for point in day.points
        )

    def enrolment(self) -> list[RegisterParticipant]:
        """The regulator's messages: everybody becomes a participant."""
        return [
            RegisterParticipant(
                who.wallet.address,
                Kind.PROSUMER if who.generates else Kind.CONSUMER,
                ZoneId(who.zone),
                who.point,
            )
            for who in self.participants
        ]

    def funding(self) -> list[Mint]:
        """The issuer's messages: each participant gets what its day can cost twice over, and a reserve."""
        messages = []
        for who in self.participants:
            energy = sum(sum(meter.energy_wh) for meter in who.meters)
            amount = 2 * energy * DEAREST_MICRO + FUNDS_RESERVE
            messages.append(Mint(who.wallet.address, Denomination.THB, Amount(amount)))
        return messages

    def bindings(self, dso: str) -> list[RegisterPoint | BindMeter]:
        """A DSO's messages: the connection points of its zones, then their meters."""
        mine = [who for who in self.participants if self.dso_of_zone[who.zone] == dso]
        points = [RegisterPoint(PointId(who.point), who.wallet.address, ZoneId(who.zone)) for who in mine]
        return [*points, *(self._binding(who, meter) for who in mine for meter in who.meters)]

    def _binding(self, who: Participant, meter: DayMeter) -> BindMeter:
        return BindMeter(
            MeterId(meter.meter_id),
            PointId(who.point),
            self.devices[meter.meter_id].public_key,
            Direction.GENERATION if meter.generates else Direction.CONSUMPTION,
            Source.SOLAR if meter.generates else Source.GRID,
            EnergyWh(max(1, METER_MARGIN * max(meter.energy_wh))),
        )

    def reading(self, meter: DayMeter, quarter: int, mtu: int) -> SubmitReading:
        """What a meter measured in a quarter hour of the day, signed by its device for chain MTU `mtu`."""
        energy = meter.energy_wh[quarter]
        generated, consumed = (energy, 0) if meter.generates else (0, energy)
        return sign_reading(self.chain_id, self.devices[meter.meter_id], mtu, generated, consumed)


def sheet_entry(want: Want, first_mtu: int) -> SheetEntry:
    """An intention as an order: offers are solar, bids take any source; `first_mtu` is the chain MTU of quarter hour 0."""
    terms = Terms.AUCTION if want.closing else Terms.REST
    side = Side.OFFER if want.offers else Side.BID
    sources = source_bit(Source.SOLAR) if want.offers else ANY_SOURCE
    return SheetEntry(
        Mtu(first_mtu + want.mtu),
        side,
        EnergyWh(want.energy_wh),
        PriceMicro(want.limit_micro),
        sources,
        terms,
    )
