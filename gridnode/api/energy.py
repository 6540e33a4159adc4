"""Questions about the network: zones, flows on lines."""

from __future__ import annotations

from typing import Any

from gridnode.api.reading import Ask
from gridnode.api.shapes import address
from gridnode.codec.records import to_json
from gridnode.modules.grid import queries as grid_queries
from gridnode.modules.grid.network import capacities
from gridnode.modules.market import queries as market_queries
from gridnode.modules.registry import queries as registry_queries


def zones(ask: Ask) -> dict[str, Any]:
    """The network: zones with their DSO, hubs, lines with capacity and owner. What they charge is in the tariff."""
    network = grid_queries.network(ask.reader)
    dso_of = dict(registry_queries.services(ask.reader))
    return {
        "zones": [
            to_json(zone) | {"dso": address(dso_of[zone.name]) if zone.name in dso_of else None}
            for zone in network.zones
        ],
        "hubs": list(network.hubs),
        "lines": [to_json(line) for line in network.lines],
    }


def flows(ask: Ask) -> dict[str, Any]:
    """Net flow over each line in an MTU, positive from `start` to `end`, beside the capacity of both directions."""
    mtu = ask.parameters.required_integer("mtu")
    lines = grid_queries.network(ask.reader).lines
    limits = capacities(ask.reader, mtu)
    flow_of = dict(market_queries.line_flows(ask.reader, mtu))
    return {
        "mtu": mtu,
        "lines": [
            {
                "line": line.name,
                "start": line.start,
                "end": line.end,
                "flow_wh": flow_of[line.name],
                "atc_forward_wh": limits.forward_wh[number],
                "atc_backward_wh": limits.backward_wh[number],
                "full": flow_of[line.name] in (limits.forward_wh[number], -limits.backward_wh[number]),
            }
            for number, line in enumerate(lines)
        ],
    }
