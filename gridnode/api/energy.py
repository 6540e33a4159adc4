"""Questions about energy: statistics, flows on lines, zones."""

from __future__ import annotations

from typing import Any

from gridnode.api.pages import page
from gridnode.api.reading import Ask
from gridnode.api.shapes import address, settled, statistics
from gridnode.codec.records import to_json
from gridnode.modules.grid import queries as grid_queries
from gridnode.modules.grid.network import capacities
from gridnode.modules.lots import queries as lots_queries
from gridnode.modules.market import queries as market_queries
from gridnode.modules.market.tables import NEXT_ORDER, ORDERS
from gridnode.modules.metering import queries as metering_queries
from gridnode.modules.metering.tables import MTUS
from gridnode.modules.metering.versions import NO_ENERGY
from gridnode.modules.registry import queries as registry_queries
from gridnode.modules.settlement import queries as settlement_queries
from gridnode.modules.settlement.desk import NOTHING
from gridnode.modules.settlement.tables import MTUS as SETTLED
from gridnode.modules.settlement.tables import Settled
from gridnode.state.kv import after_prefix


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


def stats(ask: Ask) -> dict[str, Any]:
    """Orders, trades, prices, energy measured: of one MTU, or of all."""
    mtu = ask.parameters.integer("mtu")
    if mtu is not None:
        return {
            "mtu": mtu,
            "orders": _orders_of(ask, mtu),
            **statistics(market_queries.statistics_of(ask.reader, mtu)),
            **to_json(MTUS.get(ask.reader, mtu) or NO_ENERGY),
            **_settled(SETTLED.get(ask.reader, mtu) or NOTHING),
            "is_settled": mtu < settlement_queries.progress(ask.reader).mtu,
        }
    issued = lots_queries.energy(ask.reader)
    return {
        "mtu": None,
        "orders": (NEXT_ORDER.get(ask.reader) or 1) - 1,
        **statistics(market_queries.totals(ask.reader)),
        **to_json(metering_queries.energy(ask.reader)),
        **_settled(settlement_queries.settled(ask.reader)),
        "settled_until_mtu": settlement_queries.progress(ask.reader).mtu,
        "lots_issued_wh": issued.issued_wh,
        "lots_retired_wh": issued.retired_wh,
    }


def _settled(sums: Settled) -> dict[str, Any]:
    return {"settled_wh": sums.delivered_wh, "imbalance_wh": sums.excess_wh + sums.lack_wh, "settlement": settled(sums)}


def history(ask: Ask) -> dict[str, Any]:
    """Trades by MTU: every MTU in which something was traded, ascending; `after` is an MTU."""
    limit = ask.parameters.limit()
    found = market_queries.statistics(ask.reader, limit, ask.parameters.integer("after"))
    return page(found, limit, lambda row: row[0], lambda row: {"mtu": row[0], **statistics(row[1])})


def _orders_of(ask: Ask, mtu: int) -> int:
    """How many orders there are for an MTU; counts keys and decodes none."""
    group = ORDERS.key(mtu)
    return sum(1 for _ in ask.reader.scan(group, after_prefix(group)))
