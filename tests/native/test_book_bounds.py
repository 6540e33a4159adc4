"""What the compiled books refuse: every bound of a number, alone, says what was expected and changes nothing."""

from array import array

import pytest

from gridnode._native.book import Books

BID, OFFER = 0, 1
SOLAR, ANY = 1, 3
PLENTY = 10**6
NOW = 7  # the period of these tests


def books() -> Books:
    """Return books of three zones, each its own line to a bus, with one open period."""
    paths = [[() if a == b else [(a, 1), (b, -1)] for b in range(3)] for a in range(3)]
    made = Books(3, 3, paths)
    made.open_period(NOW, made.add_band([[0] * 3] * 3), [1_000] * 3, [1_000] * 3)
    return made


GOOD = {
    "period": NOW,
    "order_id": 10,
    "side": BID,
    "zone": 0,
    "mask": ANY,
    "price": 1,
    "energy_wh": 5,
    "budget": 1,
    "rest": True,
    "counterparty": 0,
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"period": 8}, "period is 8; expected an open period"),
        ({"period": -1}, "period is -1"),
        ({"order_id": 0}, "order_id is 0"),
        ({"order_id": 9}, "order_id is 9 with 5 Wh; expected more than 9, or that one with at most the 0 Wh"),
        ({"order_id": 2**63}, "order_id is 9223372036854775808"),
        ({"side": 2}, "side is 2"),
        ({"zone": 3}, "zone is 3; expected 0 to 2"),
        ({"zone": -1}, "zone is -1"),
        ({"mask": 0}, "mask is 0"),
        ({"mask": 0x10000}, "mask is 65536"),
        ({"side": OFFER, "mask": 3}, "mask is 3; expected one source bit"),
        ({"price": 10**15 + 1}, "price_micro_per_kwh is 1000000000000001"),
        ({"price": -(10**15) - 1}, "price_micro_per_kwh is -1000000000000001"),
        ({"energy_wh": 0}, "energy_wh is 0"),
        ({"energy_wh": 10**15 + 1}, "energy_wh is 1000000000000001"),
        ({"budget": -1}, "budget is -1"),
        ({"rest": False, "counterparty": -1}, "counterparty is -1"),
        ({"rest": False, "counterparty": 2**63}, "counterparty is 9223372036854775808"),
        ({"counterparty": 9}, "counterparty is 9; expected rest False"),
    ],
)
def test_a_bad_order_says_what_was_expected_and_changes_nothing(changed: dict, expected: str) -> None:
    """Each bound of place, alone."""
    made = books()
    made.place(NOW, 9, OFFER, 1, SOLAR, 900, 5, PLENTY)
    before = made.orders(NOW)
    with pytest.raises(ValueError, match=expected):
        made.place(*(GOOD | changed).values())
    assert made.orders(NOW) == before
    assert made.place(*GOOD.values()) == ([], 5, True)


def test_one_bad_row_stops_all_rows() -> None:
    """place_many checks every row before it places the first."""
    made = books()
    rows = [(NOW, 1, OFFER, 0, SOLAR, 5, 5), (NOW, 2, BID, 0, ANY, 5, 5), (NOW, 2, BID, 0, ANY, 5, 5)]
    columns = [array("q", column) for column in zip(*rows, strict=True)]
    with pytest.raises(ValueError, match="order_id of row 2 is 2; expected more than 2"):
        made.place_many(*columns, PLENTY)
    with pytest.raises(ValueError, match="rows"):
        made.place_many(columns[0][:1], *columns[1:], PLENTY)
    assert len(made) == 0
    found, rows_done, left = made.place_many(*(column[:2] for column in columns), PLENTY)
    assert (found.tolist(), rows_done, left) == ([1, 5, 5, 0, 2], 2, 0)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((0, 0, []), "n_zones is 0"),
        ((65, 0, []), "n_zones is 65"),
        ((1, 65, [[()]]), "n_lines is 65"),
        ((2, 1, [[()]]), "paths is not a square"),
        ((1, 1, [[[(0, 1)]]]), "none to itself"),
        ((1, 1, [[None]]), "none to itself"),
        ((2, 1, [[(), [(1, 1)]], [None, ()]]), "line is 1; expected 0 to 0"),
        ((2, 1, [[(), [(0, 2)]], [None, ()]]), "expected .line, 1 or -1"),
        ((2, 1, [[(), [(0, 1), (0, 1)]], [None, ()]]), "each line once"),
        ((2, 9, [[(), [(n, 1) for n in range(9)]], [None, ()]]), "at most 8 lines"),
    ],
)
def test_a_bad_net_is_refused(arguments: tuple, expected: str) -> None:
    """Each bound of the construction, alone."""
    with pytest.raises(ValueError, match=expected):
        Books(*arguments)


@pytest.mark.parametrize(
    ("adders", "expected"),
    [
        ([], "square of 3 zones"),
        ([[0] * 3] * 4, "square of 3 zones"),
        ([[0] * 3] * 2 + [[0] * 2], "square of 3 zones"),
        ([[0] * 3] * 2 + [[0, 0, -1]], "adder is -1"),
        ([[0] * 3] * 2 + [[0, 0, 10**15 + 1]], "adder is 1000000000000001"),
    ],
)
def test_a_bad_band_is_refused(adders: list[list[int]], expected: str) -> None:
    """Each bound of adders, alone; the number it would have had stays unknown."""
    made = books()
    with pytest.raises(ValueError, match=expected):
        made.add_band(adders)
    with pytest.raises(ValueError, match="band is 1"):
        made.open_period(8, 1, [0] * 3, [0] * 3)


def test_bands_are_bounded() -> None:
    """4,096 bands of open periods and not one more; those known are still found. Without a band no period opens."""
    made = Books(1, 0, [[()]])
    with pytest.raises(ValueError, match="band is 0"):
        made.open_period(1, 0, [], [])
    for adder in range(4_096):
        assert made.add_band([[adder]]) == adder
        made.open_period(adder, adder, [], [])
    with pytest.raises(ValueError, match="4096 bands are in use"):
        made.add_band([[4_096]])
    assert made.add_band([[17]]) == 17


def test_a_band_that_nobody_uses_makes_room() -> None:
    """With all numbers taken a new band gets the lowest one without an open period, also when a rollback may open one."""
    made = Books(1, 0, [[()]])
    for adder in range(4_096):
        made.open_period(adder, made.add_band([[adder]]), [], [])
    made.begin()
    made.close_period(5)
    with pytest.raises(ValueError, match="4096 bands are in use"):
        made.add_band([[9_000]])
    made.rollback()
    made.close_period(6)
    made.close_period(4)
    assert (made.add_band([[9_000]]), made.band(5)) == (4, 5)
    made.open_period(9_000, 4, [], [])
    assert (made.add_band([[9_001]]), made.add_band([[9_000]]), made.add_band([[9_001]])) == (6, 4, 6)
    made.place(9_000, 1, OFFER, 0, SOLAR, 100, 5, PLENTY)
    assert made.place(9_000, 2, BID, 0, SOLAR, 9_100, 5, PLENTY)[0] == [(1, 5, 100, 9_000, 2)]


def test_bad_periods_and_lines_are_refused() -> None:
    """Bounds of the ledger of lines; a float is no number of Wh."""
    made = books()
    for bad, expected in [
        (lambda: made.open_period(NOW, 0, [0] * 3, [0] * 3), "not open"),
        (lambda: made.open_period(8, 1, [0] * 3, [0] * 3), "band is 1"),
        (lambda: made.open_period(8, 0, [0] * 2, [0] * 3), "capacities of 3 lines"),
        (lambda: made.open_period(8, 0, [0, 0, -1], [0] * 3), "atc_forward_wh is -1"),
        (lambda: made.set_atc(NOW, 3, 0, 0), "line is 3"),
        (lambda: made.set_atc(NOW, 0, 0, 10**15 + 1), "backward_wh"),
        (lambda: made.restore_flow(NOW, 0, -(10**15) - 1), "flow_wh"),
        (lambda: made.queue(NOW, 2, 0, 1), "side is 2"),
        (lambda: made.best(NOW, 0, 3), "zone is 3"),
    ]:
        with pytest.raises(ValueError, match=expected):
            bad()
    with pytest.raises(TypeError):
        made.set_atc(NOW, 0, 1.5, 0)
    assert made.periods() == [NOW]
