# The orders of a call auction, sorted: for each zone a curve of offers and a curve of bids, best price first, then time.
#
# A key orders one side from best to worst: the price of an offer, minus the price of a bid. The sort is by digits (least significant
# first, stable), so it does not compare and costs the same whatever order the rows come in. Sums over the sorted rows make the
# energy beyond any price one binary search.

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc


cdef enum:
    BID = 0
    OFFER = 1
    DIGIT_BITS = 11
    DIGITS = 2048       # 2 ** DIGIT_BITS


cdef struct Row:
    uint64_t key        # shifted so that the least is 0
    uint32_t place      # in the sequence of orders


cdef struct Curves:
    uint32_t rows
    uint32_t* start     # [2 * zone + side], and one more: where its rows begin
    int64_t* key        # [row]
    int64_t* beyond     # [row], and one more: energy of all rows before, of all zones, Wh
    uint32_t* place     # [row] place in the sequence of orders, which is its time
    Row* sorting        # two columns of rows, while they are sorted


cdef inline bint take_curves(Curves* c, uint32_t rows, uint32_t zones) noexcept nogil:
    # Memory for the rows; whether there was enough.
    c.rows = rows
    c.start = <uint32_t*>malloc((2 * zones + 1) * sizeof(uint32_t))
    c.key = <int64_t*>malloc((<size_t>rows + 1) * sizeof(int64_t))
    c.beyond = <int64_t*>malloc((<size_t>rows + 1) * sizeof(int64_t))
    c.place = <uint32_t*>malloc((<size_t>rows + 1) * sizeof(uint32_t))
    c.sorting = <Row*>malloc((<size_t>rows + 1) * 2 * sizeof(Row))
    return c.start != NULL and c.key != NULL and c.beyond != NULL and c.place != NULL and c.sorting != NULL


cdef inline void give_curves(Curves* c) noexcept nogil:
    free(c.start)
    free(c.key)
    free(c.beyond)
    free(c.place)
    free(c.sorting)


cdef inline Row* sort_keys(Row* rows, Row* other, uint32_t count, uint64_t greatest) noexcept nogil:
    # Sort rows by key, ties as they came; returns the column, of the two, that holds the result.
    cdef uint32_t[DIGITS] after
    cdef uint32_t i, digit, held, sum
    cdef int shift = 0
    while shift < 64 and greatest >> shift:
        for digit in range(DIGITS):
            after[digit] = 0
        for i in range(count):
            after[(rows[i].key >> shift) & (DIGITS - 1)] += 1
        sum = 0
        for digit in range(DIGITS):
            held = after[digit]
            after[digit] = sum
            sum += held
        for i in range(count):
            digit = (rows[i].key >> shift) & (DIGITS - 1)
            other[after[digit]] = rows[i]
            after[digit] += 1
        rows, other = other, rows
        shift += DIGIT_BITS
    return rows


cdef inline void sort_curves(
    Curves* c, uint32_t zones, const int64_t* zone, const int64_t* side, const int64_t* energy_wh, const int64_t* price
) noexcept nogil:
    # Fill the curves from columns in the sequence of orders.
    cdef int64_t least = 0
    cdef int64_t greatest = 0
    cdef uint32_t i, at, curve
    cdef Row* rows = c.sorting
    for i in range(c.rows):
        rows[i].key = price[i] if side[i] == OFFER else -price[i]
        rows[i].place = i
        if i == 0 or <int64_t>rows[i].key < least:
            least = rows[i].key
        if i == 0 or <int64_t>rows[i].key > greatest:
            greatest = rows[i].key
    for i in range(c.rows):
        rows[i].key -= least
    rows = sort_keys(rows, c.sorting + c.rows, c.rows, greatest - least)
    for curve in range(2 * zones + 1):
        c.start[curve] = 0
    for i in range(c.rows):
        c.start[2 * zone[i] + side[i]] += 1
    at = 0
    for curve in range(2 * zones + 1):
        at += c.start[curve]
        c.start[curve] = at - c.start[curve]
    for i in range(c.rows):
        at = rows[i].place
        curve = <uint32_t>(2 * zone[at] + side[at])
        c.key[c.start[curve]] = rows[i].key + least
        c.place[c.start[curve]] = at
        c.start[curve] += 1
    for curve in range(2 * zones, 0, -1):
        c.start[curve] = c.start[curve - 1]
    c.start[0] = 0
    c.beyond[0] = 0
    for i in range(c.rows):
        c.beyond[i + 1] = c.beyond[i] + energy_wh[c.place[i]]


cdef inline uint32_t first_row(Curves* c, uint32_t curve, int64_t key) noexcept nogil:
    # The first row of a curve whose key is at least `key`; one past its end when none is.
    cdef uint32_t low = c.start[curve]
    cdef uint32_t high = c.start[curve + 1]
    cdef uint32_t middle
    while low < high:
        middle = low + (high - low) // 2
        if c.key[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline int64_t energy_of(Curves* c, uint32_t first, uint32_t end) noexcept nogil:
    # Energy of the rows from `first` up to and without `end`, Wh.
    return c.beyond[end] - c.beyond[first]


cdef inline int64_t surplus_at(Curves* c, uint32_t zone, int64_t price) noexcept nogil:
    # What a zone would export just below `price`: offers that are cheaper, less bids that pay it or more, Wh.
    cdef uint32_t bids = 2 * zone + BID
    cdef uint32_t offers = 2 * zone + OFFER
    return (
        energy_of(c, c.start[offers], first_row(c, offers, price))
        - energy_of(c, c.start[bids], first_row(c, bids, 1 - price))
    )
