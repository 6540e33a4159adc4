"""Paths of random clearings: every Wh once, over the lines that carry it, from a zone that sells to one that buys, never at a loss."""

from __future__ import annotations

from collections import Counter

from hypothesis import given

from gridnode.modules.market.auction import clear
from gridnode.modules.market.clearing import OFFER
from gridnode.modules.market.pairing import Arc, flow_paths
from tests.properties.auction_books import auctions


@given(auctions())
def test_paths_are_the_clearing(auction: tuple[list, list]) -> None:
    orders, lines = auction
    clearing = clear(orders, lines)
    sold: Counter[str] = Counter()
    bought: Counter[str] = Counter()
    for name, zone, side, _, _ in orders:
        (sold if side == OFFER else bought)[zone] += clearing.accepted[name]
    zones = sorted(clearing.prices)
    arcs = [
        Arc(number, 1, line[0], line[1], clearing.flows[line[0], line[1]])
        for number, line in enumerate(lines)
        if clearing.flows[line[0], line[1]]
    ]
    paths = flow_paths({zone: sold[zone] for zone in zones}, {zone: bought[zone] for zone in zones}, arcs)
    assert paths == flow_paths(
        {zone: sold[zone] for zone in zones}, {zone: bought[zone] for zone in reversed(zones)}, arcs[::-1]
    )
    assert len(paths) <= 3 * len(zones) + len(arcs)
    carried: Counter[int] = Counter()
    rent = 0
    for path in paths:
        node = path.seller_zone
        for number, _ in path.hops:
            assert lines[number][0] == node
            node = lines[number][1]
            carried[number] += path.energy_wh
        assert node == path.buyer_zone
        assert path.energy_wh > 0
        wheeling = sum(lines[number][3] for number, _ in path.hops)
        gained = clearing.prices[path.buyer_zone] - clearing.prices[path.seller_zone] - wheeling
        assert gained >= 0
        rent += gained * path.energy_wh
        sold[path.seller_zone] -= path.energy_wh
        bought[path.buyer_zone] -= path.energy_wh
    assert carried == Counter({arc.line: arc.energy_wh for arc in arcs})
    assert not any(sold.values())
    assert not any(bought.values())
    assert rent == sum(
        flow * (clearing.prices[target] - clearing.prices[source] - lines[number][3])
        for number, ((source, target), flow) in enumerate(clearing.flows.items())
    )
