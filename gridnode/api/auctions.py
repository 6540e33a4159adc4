"""Questions about call auctions: those that were held, the paths of their energy, what one that is called would give now."""

from __future__ import annotations

from typing import Any

from gridnode.api.market_shapes import auction, auction_path, cleared
from gridnode.api.pages import page
from gridnode.api.problems import not_found
from gridnode.api.reading import Ask
from gridnode.modules.grid.network import lines, zones
from gridnode.modules.market import queries
from gridnode.modules.market.tables import Phase
from gridnode.primitives.limits import MAX_ASKED_MTU

CALLED = (Phase.CALL, Phase.CLEARING)


def auctions(ask: Ask) -> dict[str, Any]:
    """Call auctions that were held, by MTU: prices, volumes, flows and congestion rent; `after` is an MTU."""
    limit = ask.parameters.limit()
    found = queries.auctions(ask.reader, limit, ask.parameters.integer("after", high=MAX_ASKED_MTU))
    return page(found, limit, lambda row: row.summary.mtu, auction)


def auction_of_mtu(ask: Ask) -> dict[str, Any]:
    """The call auction of an MTU with the paths over which its energy goes from seller to buyer."""
    mtu = ask.parameters.required_integer("mtu", high=MAX_ASKED_MTU)
    found = queries.auction(ask.reader, mtu)
    if found is None:
        raise not_found("auction held for MTU", mtu)
    zone_names = [zone.name for zone in zones(ask.reader)]
    line_names = [line.name for line in lines(ask.reader)]
    paths = enumerate(queries.paths(ask.reader, mtu), 1)
    return auction(found) | {"paths": [auction_path(number, path, zone_names, line_names) for number, path in paths]}


def indicative(ask: Ask) -> dict[str, Any]:
    """What the auction of an MTU would give if its gate closed now; it must wait for one. Null without bids or offers."""
    mtu = ask.parameters.required_integer("mtu", high=MAX_ASKED_MTU)
    known = queries.period(ask.reader, mtu)
    if known.phase not in CALLED:
        raise not_found("call auction is awaited for MTU", mtu)
    found = ask.once(("indicative", mtu), lambda: queries.indicative(ask.reader, mtu))
    return {
        "mtu": mtu,
        "phase": known.phase.name.lower(),
        "gate_closure_ms": known.gate_ms,
        "open_orders": known.open_orders,
        "clearing": None if found is None else cleared(found.summary, found.volume_wh, found.value, found.rent),
    }
