# cython: cdivision=True
"""The call auction, compiled; its rules stand in gridnode.modules.market.auction.

This file checks what comes in and hands out what was found. Orders are sorted in curves.pxd, flows pushed in flow.pxd; optimal prices
come from descent.pxd, the choice among optima from selection.pxd, the prices handed out from spread.pxd. The obvious version
beside it is gridnode.modules.market.auction_reference.
"""

from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.stdlib cimport calloc, free

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

from gridnode._native.curves cimport BID, OFFER, give_curves, sort_curves, take_curves
from gridnode._native.descent cimport MOST_LINES, MOST_ZONES, Auction, find_prices, lay_net
from gridnode._native.selection cimport accept_orders, route
from gridnode._native.spread cimport set_prices

cdef int64_t MOST = 10**15      # energy, price, capacity, wheeling
cdef int64_t MOST_WH = <int64_t>1 << 60  # of all orders
cdef int64_t MOST_ORDERS = 2**31 - 1


cdef int expect_equal(str name, Py_ssize_t rows, Py_ssize_t expected) except -1:
    if rows != expected:
        raise ValueError(f"{name} has {rows} rows; expected {expected}")
    return 0


cdef int expect_in(str name, Py_ssize_t row, int64_t value, int64_t least, int64_t most) except -1:
    if value < least or value > most:
        raise ValueError(f"{name} of row {row} is {value}; expected {least} to {most}")
    return 0


cdef int check_orders(
    int64_t zones, const int64_t[::1] zone, const int64_t[::1] side, const int64_t[::1] energy_wh, const int64_t[::1] price
) except -1:
    cdef Py_ssize_t rows = zone.shape[0]
    cdef Py_ssize_t row
    cdef int64_t sum_wh = 0
    expect_equal("side", side.shape[0], rows)
    expect_equal("energy_wh", energy_wh.shape[0], rows)
    expect_equal("price", price.shape[0], rows)
    if rows > MOST_ORDERS:
        raise ValueError(f"there are {rows} orders; expected at most {MOST_ORDERS}")
    for row in range(rows):
        expect_in("zone", row, zone[row], 0, zones - 1)
        expect_in("side", row, side[row], BID, OFFER)
        expect_in("energy_wh", row, energy_wh[row], 1, MOST)
        expect_in("price", row, price[row], -MOST, MOST)
        sum_wh += energy_wh[row]
        if sum_wh > MOST_WH:
            raise ValueError(f"the orders up to row {row} have {sum_wh} Wh; expected at most {MOST_WH}")
    return 0


cdef int take_lines(
    Auction* a, const int64_t[::1] tail, const int64_t[::1] head, const int64_t[::1] atc_wh, const int64_t[::1] wheeling
) except -1:
    cdef Py_ssize_t rows = tail.shape[0]
    cdef Py_ssize_t row
    expect_equal("to_zone", head.shape[0], rows)
    expect_equal("atc_wh", atc_wh.shape[0], rows)
    expect_equal("wheeling", wheeling.shape[0], rows)
    if rows > MOST_LINES:
        raise ValueError(f"there are {rows} lines; expected at most {MOST_LINES}")
    a.lines = <uint32_t>rows
    for row in range(rows):
        expect_in("from_zone", row, tail[row], 0, <int64_t>a.zones - 1)
        expect_in("to_zone", row, head[row], 0, <int64_t>a.zones - 1)
        if tail[row] == head[row]:
            raise ValueError(f"line {row} leads from zone {tail[row]} to itself; expected two zones")
        expect_in("atc_wh", row, atc_wh[row], 0, MOST)
        expect_in("wheeling", row, wheeling[row], 0, MOST)
        a.tail[row] = <int32_t>tail[row]
        a.head[row] = <int32_t>head[row]
        a.atc_wh[row] = atc_wh[row]
        a.wheeling[row] = wheeling[row]
    return 0


cdef void clear_all(
    Auction* a, const int64_t* zone, const int64_t* side, const int64_t* energy_wh, const int64_t* price
) noexcept nogil:
    # Sort, find prices of maximal welfare, choose among the clearings they leave, and set the prices handed out.
    cdef int64_t lowest = 0
    cdef int64_t highest = 0
    cdef uint32_t row
    for row in range(a.curves.rows):
        if row == 0 or price[row] < lowest:
            lowest = price[row]
        if row == 0 or price[row] > highest:
            highest = price[row]
    sort_curves(&a.curves, a.zones, zone, side, energy_wh, price)
    lay_net(a)
    find_prices(a, lowest, highest)
    accept_orders(a)
    route(a)
    set_prices(a)


cdef object accepted_of(Auction* a, const int64_t* energy_wh):
    # The accepted energy of each order, in the sequence of orders.
    packed = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>(a.curves.rows * sizeof(int64_t)))
    cdef int64_t* accepted = <int64_t*>PyBytes_AS_STRING(packed)
    cdef uint32_t curve, row
    cdef int64_t left, part
    for curve in range(2 * a.zones):
        left = a.taken[curve]
        for row in range(a.curves.start[curve], a.curves.start[curve + 1]):
            part = energy_wh[a.curves.place[row]]
            if part > left:
                part = left
            accepted[a.curves.place[row]] = part
            left -= part
    return memoryview(packed).cast("q")


def clear(
    int64_t zones, const int64_t[::1] zone, const int64_t[::1] side, const int64_t[::1] energy_wh,
    const int64_t[::1] price, const int64_t[::1] from_zone, const int64_t[::1] to_zone, const int64_t[::1] atc_wh,
    const int64_t[::1] wheeling,
):
    """Clear orders over lines, int64 columns of each; return (accepted_wh, prices, flows_wh) by order, zone and line."""
    if zones < 0 or zones > MOST_ZONES:
        raise ValueError(f"zones is {zones}; expected 0 to {MOST_ZONES}")
    check_orders(zones, zone, side, energy_wh, price)
    cdef Auction* a = <Auction*>calloc(1, sizeof(Auction))
    if a == NULL:
        raise MemoryError
    try:
        a.zones = <uint32_t>zones
        take_lines(a, from_zone, to_zone, atc_wh, wheeling)
        if not take_curves(&a.curves, <uint32_t>zone.shape[0], a.zones):
            raise MemoryError
        if zone.shape[0]:
            # The interpreter lock is kept: nobody may change the columns just checked while they are read.
            clear_all(a, &zone[0], &side[0], &energy_wh[0], &price[0])
            accepted = accepted_of(a, &energy_wh[0])
        else:
            clear_all(a, NULL, NULL, NULL, NULL)
            accepted = accepted_of(a, NULL)
        prices = [a.price[i] for i in range(a.zones)]
        flows = [a.flow[i] for i in range(a.lines)]
        return accepted, prices, flows
    finally:
        give_curves(&a.curves)
        free(a)
