"""Read-only questions about the network, the clock and the tariff."""

from __future__ import annotations

from gridnode.modules.grid.network import lines, zones
from gridnode.modules.grid.tables import PARAMS, GridGenesis, GridParams
from gridnode.state.kv import Reader


def params(reader: Reader) -> GridParams:
    """Clock and tariff."""
    return PARAMS.require(reader)


def network(reader: Reader) -> GridGenesis:
    """Clock, tariff, zones, hubs that a line ends at, and lines, as genesis gives them."""
    known = zones(reader)
    joined = lines(reader)
    named = {zone.name: None for zone in known}
    ends = dict.fromkeys(end for line in joined for end in (line.start, line.end))
    hubs = tuple(end for end in ends if end not in named)
    return GridGenesis(PARAMS.require(reader), tuple(known), hubs, tuple(joined))
