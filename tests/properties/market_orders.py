"""Random orders for random markets, made possible for those who hand them in, so that most of them do something."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from gridnode.modules.market.messages import SheetEntry
from gridnode.modules.market.sources import ANY_SOURCE
from gridnode.modules.market.tables import Side, Terms
from tests.energy_world import SOLAR, WIND, account, bid, offer, partner, some

GENERATES = {"alice": SOLAR | WIND, "bob": 0, "carol": SOLAR, "dora": SOLAR | WIND}
"""Sources that each name's meters generate from."""
PREFERENCES = st.lists(
    st.builds(partner, st.sampled_from(tuple(GENERATES)), st.sampled_from([0, 0, SOLAR, WIND]))
    | st.builds(some, st.sampled_from([SOLAR, WIND])),
    max_size=3,
).map(tuple)
PREFERS = st.just(()) | PREFERENCES
CHOOSY = (Terms.REST, Terms.IOC, Terms.MARKET)


def possible(name: str, entry: SheetEntry, mtu: int) -> SheetEntry:
    """The entry for an MTU as `name` can place it: of sources it has, else a bid; with the limit and preferences that its terms allow."""
    generated = GENERATES[name]
    if entry.side is Side.OFFER and not generated:
        entry = replace(entry, side=Side.BID, sources=ANY_SOURCE)
    is_bid = entry.side is Side.BID
    sources = entry.sources if is_bid or entry.sources & generated else SOLAR
    preferences = [wish if is_bid else replace(wish, sources=0) for wish in entry.preferences]
    allowed = [wish for wish in preferences if wish.partner != account(name) and (wish.partner or wish.sources)]
    return replace(
        entry,
        mtu=mtu,
        sources=sources,
        limit_micro=0 if entry.terms is Terms.MARKET else entry.limit_micro,
        preferences=tuple(allowed) if entry.terms in CHOOSY else (),
    )


def entries(
    mtus: st.SearchStrategy[int],
    energies: st.SearchStrategy[int],
    terms: st.SearchStrategy[Terms],
    until_ms: st.SearchStrategy[int],
) -> tuple[st.SearchStrategy[SheetEntry], st.SearchStrategy[SheetEntry]]:
    """Bids and offers whose prices often meet; MTUs and deadlines are for the caller to move to its time."""
    more = {"terms": terms, "preferences": PREFERS, "good_until_ms": until_ms}
    steps = st.integers(1, 8).map(lambda step: step * 500_000)
    accepted = st.sampled_from([SOLAR, WIND, ANY_SOURCE, ANY_SOURCE, ANY_SOURCE])
    bids = st.builds(bid, mtus, energies, steps, accepted, **more)
    offers = st.builds(offer, mtus, energies, steps.map(lambda step: step - 500_000), st.sampled_from([SOLAR, WIND]), **more)
    return bids, offers
