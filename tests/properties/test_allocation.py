"""Whatever was sold and whatever there is: shares sum exactly, each is within 1 Wh of its exact part, and none is beyond its bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gridnode.modules.registry.tables import Source
from gridnode.modules.settlement.allocation import NO_SALES, allotted, share, with_delivery, with_sale

SIZES = st.lists(st.integers(1, 10**7), min_size=1, max_size=30)
SALES = st.lists(st.tuples(st.sampled_from(list(Source)[1:]), st.integers(1, 1_000)), min_size=1, max_size=30)
LOTS = st.dictionaries(st.sampled_from(list(Source)[1:]), st.integers(0, 9_000))


@given(sizes=SIZES, data=st.data())
def test_shares_sum_exactly_and_are_within_one_of_their_exact_part(sizes: list[int], data: st.DataObject) -> None:
    whole = sum(sizes)
    given_wh = data.draw(st.integers(0, whole))
    parts, reached = [], 0
    for size in sizes:
        parts.append(share(reached, size, given_wh, whole))
        reached += size
    assert sum(parts) == given_wh
    for size, part in zip(sizes, parts, strict=True):
        assert 0 <= part <= size
        assert abs(part * whole - size * given_wh) < whole


@given(trades=SALES, lots=LOTS, surplus=st.integers(0, 12_000))
def test_all_that_can_be_delivered_is_and_no_more(
    trades: list[tuple[Source, int]], lots: dict[Source, int], surplus: int
) -> None:
    sales = NO_SALES
    for source, energy_wh in trades:
        sales = with_sale(sales, source, energy_wh)
    assert [sale.source for sale in sales.sources] == sorted({source for source, _ in trades})
    sales = allotted(sales, lots, surplus)
    delivered = dict.fromkeys(Source, 0)
    for source, energy_wh in trades:
        sales, part = with_delivery(sales, source, energy_wh)
        assert 0 <= part <= energy_wh
        delivered[source] += part
    sold = {source: sum(wh for of, wh in trades if of == source) for source in Source}
    possible = {source: min(sold[source], lots.get(source, 0)) for source in Source}
    assert sum(delivered.values()) == min(surplus, sum(possible.values()))
    for source in Source:
        assert delivered[source] <= possible[source]
        # In proportion among sources: no two of them differ by more than rounding.
        assert abs(delivered[source] * sum(possible.values()) - possible[source] * sum(delivered.values())) <= sum(possible.values())
