"""Small books for the tests of the kernel: a star of zones, one open period, orders in one line."""

from gridnode._native.book import Books

BID, OFFER = 0, 1
SOLAR, WIND, ANY = 1, 2, 3
PLENTY = 10**6
NOW = 7  # the period of these tests


def books(atc_wh: int = 1_000, adder: int = 10, zones: int = 3) -> Books:
    """Return books over a star, line z from zone z to the bus, with one open period; `adder` between different zones."""
    paths = [[() if a == b else [(a, 1), (b, -1)] for b in range(zones)] for a in range(zones)]
    made = Books(zones, zones, paths)
    band = made.add_band([[0 if a == b else adder for b in range(zones)] for a in range(zones)])
    made.open_period(NOW, band, [atc_wh] * zones, [atc_wh] * zones)
    return made


def bid(
    made: Books, order_id: int, zone: int, price: int, energy_wh: int, mask: int = ANY, **how: object
) -> tuple:
    """Place a bid with a budget that suffices unless `how` says otherwise."""
    return made.place(NOW, order_id, BID, zone, mask, price, energy_wh, **{"budget": PLENTY, **how})


def offer(
    made: Books, order_id: int, zone: int, price: int, energy_wh: int, mask: int = SOLAR, **how: object
) -> tuple:
    """Place an offer."""
    return made.place(NOW, order_id, OFFER, zone, mask, price, energy_wh, **{"budget": PLENTY, **how})
