"""Ways between zones agree with trying all walks, on random networks with ties."""

from hypothesis import given
from hypothesis import strategies as st

from gridnode.modules.grid.tables import Hop, Line, Way
from gridnode.modules.grid.ways import ways_from
from gridnode.primitives.ids import Address

NODES = ("A", "B", "C", "D", "E")
OWNER = Address(bytes(20))

networks = st.lists(
    st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)).filter(lambda row: row[0] != row[1]), max_size=8
)


def every_simple_walk(start: str, lines: list[Line]) -> dict[str, list[tuple[int, tuple[int, ...], Way]]]:
    """To each node, every walk that passes no node twice: length, line numbers, hops."""
    found: dict[str, list[tuple[int, tuple[int, ...], Way]]] = {}

    def walk(node: str, seen: tuple[str, ...], numbers: tuple[int, ...], hops: tuple[Hop, ...]) -> None:
        found.setdefault(node, []).append((len(numbers), numbers, Way(hops)))
        for number, line in enumerate(lines):
            for here, there, direction in ((line.start, line.end, 1), (line.end, line.start, -1)):
                if here == node and there not in seen:
                    walk(there, (*seen, there), (*numbers, number), (*hops, Hop(number, direction)))

    walk(start, (start,), (), ())
    return found


@given(networks)
def test_best_of_all_walks(rows: list[tuple[str, str]]) -> None:
    lines = [Line(f"L{n}", start, end, 1, 1, OWNER) for n, (start, end) in enumerate(rows)]
    best = {node: min(walks, key=lambda walk: walk[:2])[2] for node, walks in every_simple_walk("A", lines).items()}
    assert ways_from("A", lines) == best
