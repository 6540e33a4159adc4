"""The kernel's books, made from the state: when a node starts, and for the first order of a period."""

from __future__ import annotations

from gridnode._native.book import Books
from gridnode.modules.grid.network import adders, build_books, capacities, lines, zone_number
from gridnode.modules.market.lifecycle import open_orders, rests
from gridnode.modules.market.tables import FLOWS, PERIODS, Order, Phase
from gridnode.state.kv import Reader


def open_book(reader: Reader, books: Books, mtu: int) -> None:
    """Open the book of `mtu` in the kernel, with its wheeling, the capacities of its lines and no flow."""
    capacity = capacities(reader, mtu)
    band = books.add_band(adders(reader, mtu))
    books.open_period(mtu, band, capacity.forward_wh, capacity.backward_wh)


def resting_orders(reader: Reader, mtu: int) -> list[tuple[int, Order]]:
    """Orders of a period that have been matched and still wait for a counterparty: (number, order), ascending."""
    return [(number, order) for number, order in open_orders(reader, mtu) if rests(reader, number, order)]


def restore_books(reader: Reader) -> Books:
    """Books as they are after the block that `reader` reads: flows and resting orders of every open period."""
    books = build_books(reader)
    count = len(lines(reader))
    for (mtu,), period in PERIODS.scan(reader):
        if period.phase is not Phase.CONTINUOUS:
            continue
        open_book(reader, books, mtu)
        for line in range(count):
            books.restore_flow(mtu, line, FLOWS.get(reader, line, mtu) or 0)
        for number, order in resting_orders(reader, mtu):
            zone = zone_number(reader, order.zone)
            books.restore(
                mtu, number, order.side, zone, order.sources, order.limit_micro, order.remaining_wh
            )
    return books
