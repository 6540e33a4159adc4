"""Random call auctions: few prices, zones and energies on purpose, so that ties, exact fits and full lines are common."""

import random

from hypothesis import strategies as st

ZONES = "ABCDE"


@st.composite
def auctions(draw: st.DrawFn, most_orders: int = 14) -> tuple[list, list]:
    """Draw orders and the lines of any net of up to five zones, rings, dead ends and both directions included."""
    zones = ZONES[: draw(st.integers(1, len(ZONES)))]
    highest = draw(st.sampled_from((1, 3, 30)))
    energy = st.integers(1, draw(st.sampled_from((1, 4, 12))))
    order = st.tuples(st.sampled_from(zones), st.sampled_from("BS"), energy, st.integers(-highest, highest))
    orders = [(f"o{i}", *row) for i, row in enumerate(draw(st.lists(order, max_size=most_orders)))]
    pairs = [(a, b) for a in zones for b in zones if a != b]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    atc, wheeling = st.sampled_from((0, 1, 2, 5, 100)), st.sampled_from((0, 0, 0, 1, 3))
    return orders, [(a, b, draw(atc), draw(wheeling)) for a, b in chosen]


def by_chance(chance: random.Random, most_orders: int) -> tuple[list, list]:
    """Return an auction like those of `auctions`, but as often large as small, and sometimes with any limit."""
    zones = ZONES[: chance.randint(1, len(ZONES))]
    highest, energy = chance.choice((1, 3, 30, 10**15)), chance.choice((1, 4, 12))
    orders = [
        (
            f"o{i}",
            chance.choice(zones),
            chance.choice("BS"),
            chance.randint(1, energy),
            chance.randint(-highest, highest),
        )
        for i in range(chance.randint(0, most_orders))
    ]
    pairs = [(a, b) for a in zones for b in zones if a != b]
    chosen = chance.sample(pairs, chance.randint(0, len(pairs)))
    return orders, [
        (*pair, chance.choice((0, 1, 2, 5, 100)), chance.choice((0, 0, 0, 1, 3))) for pair in chosen
    ]
