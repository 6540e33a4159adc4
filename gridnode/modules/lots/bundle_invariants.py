"""What must hold of bundles after every block."""

from __future__ import annotations

from typing import Final

from gridnode.modules.context import After, Writes
from gridnode.modules.lots.tables import BUNDLE_WH, BUNDLES, BUNDLES_OWNED, Bundle, Lot
from gridnode.modules.registry.tables import Source
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import Address
from gridnode.primitives.units import EnergyWh, TimeMs
from gridnode.state.kv import Reader

NAME: Final = "bundles"
NOTHING: Final = Bundle(Address(bytes(20)), Source.GRID, EnergyWh(0), 0, TimeMs(0), TimeMs(0), "")


class Insides:
    """What a block's changes of lots did to the bundles that they are inside of."""

    def __init__(self, before: Reader, after: After) -> None:
        self._before, self._after = before, after
        self.came = 0
        """Lots that are inside of bundles now, less those that were."""
        self.changes: dict[int, tuple[int, int]] = {}
        """Bundle -> (lots, Wh) that came."""

    def moved(self, number: int, old: Lot | None, new: Lot | None) -> None:
        """Count a lot that changed. Raises InvariantBroken when its bundle was retired, is none, or is of another technology."""
        if old is not None and old.bundle:
            if BUNDLES.require(self._before, old.bundle).retired:
                raise InvariantBroken(NAME, f"lot {number} of the retired bundle {old.bundle} changed")
            self._count(old.bundle, -1, -old.energy_wh)
        if new is not None and new.bundle:
            bundle = BUNDLES.get(self._after, new.bundle)
            if bundle is None or bundle.source != new.source:
                raise InvariantBroken(NAME, f"lot {number} does not belong into bundle {new.bundle}")
            self._count(new.bundle, 1, new.energy_wh)

    def _count(self, bundle: int, lots: int, energy_wh: int) -> None:
        known = self.changes.get(bundle, (0, 0))
        self.changes[bundle] = known[0] + lots, known[1] + energy_wh
        self.came += lots


def check_bundles(before: Reader, writes: Writes, after: After, insides: Insides) -> int:
    """Bundles have the lots that are inside, are sealed at 1 MWh, and stay when retired; returns Wh that were retired with them.

    Raises InvariantBroken.
    """
    retired_wh = owned = 0
    changes = dict(insides.changes)
    for (number,), old, new in BUNDLES.changes(before, writes):
        if old is not None and old.retired:
            raise InvariantBroken(NAME, f"the retired bundle {number} changed")
        was, now = old or NOTHING, new or NOTHING
        if changes.pop(number, (0, 0)) != (now.lots - was.lots, now.energy_wh - was.energy_wh):
            raise InvariantBroken(NAME, f"bundle {number} has not the lots that are inside: {new}")
        owned += (new is not None) - (old is not None)
        if new is None:
            continue
        _check_sense(number, new)
        if old is not None and old.source != new.source:
            raise InvariantBroken(NAME, f"bundle {number} changed its technology")
        if BUNDLES_OWNED.get(after, new.owner, number) is not new.retired:
            raise InvariantBroken(NAME, f"bundle {number} is not listed under its owner")
        retired_wh += BUNDLE_WH if new.retired else 0
    if any(change != (0, 0) for change in changes.values()):
        raise InvariantBroken(NAME, f"lots moved in or out, and the bundle did not change: {changes}")
    listed = BUNDLES_OWNED.changes(before, writes)
    if sum((new is not None) - (old is not None) for _, old, new in listed) != owned:
        raise InvariantBroken(NAME, "an owner is listed with a bundle that is another's")
    return retired_wh


def _check_sense(number: int, bundle: Bundle) -> None:
    sensible = (
        bundle.sealed == (bundle.energy_wh == BUNDLE_WH)
        and (bundle.lots > 0) == (bundle.energy_wh > 0)
        and (bundle.sealed or not bundle.retired)
        and (bundle.retired or not bundle.purpose)
    )
    if not sensible:
        raise InvariantBroken(NAME, f"a bundle without sense: {number} {bundle}")
