"""One MTU of a small world: what is traded and measured in it, and what changes hands when it is settled and corrected."""

from __future__ import annotations

from typing import Any

from gridnode.modules.lots.queries import lots_of
from gridnode.modules.metering.messages import SubstituteReading
from gridnode.modules.settlement.correction_tables import Correction
from gridnode.modules.settlement.queries import corrections, statement
from gridnode.modules.settlement.tables import Statement
from gridnode.modules.token.tables import Denomination
from tests.energy_world import DSO, MTU_MS, SOLAR, World, account, bid, offer, reading, sheet, two_zones

RETAIL, FEED_IN = 2_636_900, 2_200_000
CITY, NORTH = 200_000, 150_000
CITY_LINE, NORTH_LINE = 100_000, 120_000
PRICE = 2_500_000
NAMES = ("alice", "bob", "carol", "mea", "pea", "egat")
ZONES = {"alice": "CITY", "bob": "CITY", "carol": "NORTH"}


class Case:
    """An off-peak MTU of a world of two zones; trades are made at PRICE."""

    def __init__(self, **changes: dict[str, Any]) -> None:
        self.world: World = two_zones(**changes)
        self.mtu = self.world.time_ms // MTU_MS + 2
        self.before = {name: self.world.thb(name) for name in NAMES}

    def trade(self, buyer: str, energy_wh: int, seller: str = "alice", source: int = SOLAR) -> None:
        """A trade at PRICE between two names."""
        number = self.world.height
        self.world.ok(sheet(seller, number, offer(self.mtu, energy_wh, PRICE, source)))
        self.world.ok(sheet(buyer, number + 1, bid(self.mtu, energy_wh, 5_000_000, source)))

    def measure(self, **energies: int) -> Case:
        """Readings by meter, underscores for dashes; then settle."""
        self.world.until((self.mtu + 1) * MTU_MS)
        self.world.ok(*(("bob", self.said(meter, energy_wh, 0)) for meter, energy_wh in energies.items()))
        self.world.settle(self.mtu)
        return self

    def said(self, meter: str, energy_wh: int, version: int) -> Any:
        """What a meter's device says."""
        name = meter.replace("_", "-")
        figures = (0, energy_wh) if name.endswith("load") else (energy_wh, 0)
        return reading(name, self.mtu, *figures, version)

    def correct(self, version: int = 1, **energies: int) -> None:
        """Later versions of the devices, settled in the same block."""
        self.world.ok(*(("bob", self.said(meter, energy_wh, version)) for meter, energy_wh in energies.items()))

    def substitute(self, meter: str, energy_wh: int, version: int) -> None:
        """The DSO's version of a meter."""
        figures = (0, energy_wh) if meter.endswith("load") else (energy_wh, 0)
        message = SubstituteReading(meter, self.mtu, *figures, version, "broken")
        self.world.ok((DSO[ZONES[meter.split("-")[0]]], message))

    def gained(self, name: str) -> int:
        """Change of a balance since the start, 1e-9 THB."""
        return self.world.thb(name) - self.before[name]

    def statement(self, name: str) -> Statement:
        """The statement of a name's point."""
        found = statement(self.world.reader, self.mtu, f"{name}-point")
        assert found is not None
        return found

    def entries(self, name: str) -> list[Correction]:
        """The corrections of a name's point."""
        found = corrections(self.world.reader, self.mtu, f"{name}-point", 99)
        assert [number for number, _ in found] == list(range(1, len(found) + 1))
        return [entry for _, entry in found]

    def grid(self, name: str) -> int:
        """GRID of a name."""
        return self.world.held(account(name), Denomination.GRID)

    def lots(self, name: str, retired: bool) -> list[tuple[str, int]]:
        """Lots of a name: (meter, Wh)."""
        return [
            (lot.meter, lot.energy_wh) for _, lot in lots_of(self.world.reader, account(name), 99, retired=retired)
        ]
