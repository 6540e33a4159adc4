# The price of each zone: the middle of all prices that it can have in prices that support the clearing.
#
# Prices support a clearing when filled orders are inside their limit, unfilled ones outside, a line with room left is not worth
# filling further and one that is used is worth its wheeling. All of these bound one price or the difference of two, so the lowest and
# the highest price of every zone are found by relaxing the bounds over ways of any length (Bellman and Ford).

from libc.stdint cimport INT64_MAX, INT64_MIN, int32_t, int64_t, uint32_t

from gridnode._native.curves cimport OFFER, Curves
from gridnode._native.descent cimport Auction


cdef inline bint lower(int64_t* value, int64_t bound) noexcept nogil:
    # Lower a value to a bound; whether it moved.
    if value[0] <= bound:
        return False
    value[0] = bound
    return True


cdef inline bint lift(int64_t* value, int64_t bound) noexcept nogil:
    # Lift a value to a bound; whether it moved.
    if value[0] >= bound:
        return False
    value[0] = bound
    return True


cdef inline int64_t limit_of(Curves* c, uint32_t curve, uint32_t row) noexcept nogil:
    return c.key[row] if curve % 2 == OFFER else -c.key[row]


cdef inline void span(Auction* a) noexcept nogil:
    # From the lowest to the highest limit of all orders in zones that lines with capacity connect; 0 when there is none.
    cdef uint32_t zone, curve, line, first, last
    cdef bint moved = True
    for zone in range(a.zones):
        a.low[zone] = INT64_MAX
        a.high[zone] = INT64_MIN
    for curve in range(2 * a.zones):
        first = a.curves.start[curve]
        last = a.curves.start[curve + 1]
        if first < last:
            lower(&a.low[curve // 2], limit_of(&a.curves, curve, first if curve % 2 == OFFER else last - 1))
            lift(&a.high[curve // 2], limit_of(&a.curves, curve, last - 1 if curve % 2 == OFFER else first))
    while moved:
        moved = False
        for line in range(a.lines):
            if a.atc_wh[line] > 0:
                moved |= lower(&a.low[a.head[line]], a.low[a.tail[line]])
                moved |= lower(&a.low[a.tail[line]], a.low[a.head[line]])
                moved |= lift(&a.high[a.head[line]], a.high[a.tail[line]])
                moved |= lift(&a.high[a.tail[line]], a.high[a.head[line]])
    for zone in range(a.zones):
        if a.low[zone] > a.high[zone]:
            a.low[zone] = 0
            a.high[zone] = 0


cdef inline uint32_t first_open(Auction* a, uint32_t curve) noexcept nogil:
    # The first row of a curve that is not filled.
    cdef uint32_t low = a.curves.start[curve]
    cdef uint32_t high = a.curves.start[curve + 1]
    cdef int64_t filled = a.curves.beyond[low] + a.taken[curve]
    cdef uint32_t middle
    while low < high:
        middle = low + (high - low) // 2
        if a.curves.beyond[middle + 1] <= filled:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline void own_orders(Auction* a) noexcept nogil:
    # Bounds by the zone's orders: the worst one that got something and the best one that wants more.
    cdef uint32_t curve, start, open_row, got
    cdef int64_t rest
    for curve in range(2 * a.zones):
        start = a.curves.start[curve]
        open_row = first_open(a, curve)
        rest = a.curves.beyond[start] + a.taken[curve] - a.curves.beyond[open_row]
        got = open_row + 1 if rest > 0 else open_row    # rows that got something, counted from the first of all
        if got > start and curve % 2 == OFFER:
            lift(&a.low[curve // 2], limit_of(&a.curves, curve, got - 1))
        elif got > start:
            lower(&a.high[curve // 2], limit_of(&a.curves, curve, got - 1))
        if open_row < a.curves.start[curve + 1] and curve % 2 == OFFER:
            lower(&a.high[curve // 2], limit_of(&a.curves, curve, open_row))
        elif open_row < a.curves.start[curve + 1]:
            lift(&a.low[curve // 2], limit_of(&a.curves, curve, open_row))


cdef inline void relax(Auction* a, uint32_t line) noexcept nogil:
    # Bounds between the two ends of a line.
    cdef int64_t* low = a.low
    cdef int64_t* high = a.high
    cdef int32_t tail = a.tail[line]
    cdef int32_t head = a.head[line]
    if a.flow[line] < a.atc_wh[line]:
        lower(&high[head], high[tail] + a.wheeling[line])
        lift(&low[tail], low[head] - a.wheeling[line])
    if a.flow[line] > 0:
        lower(&high[tail], high[head] - a.wheeling[line])
        lift(&low[head], low[tail] + a.wheeling[line])


cdef inline void set_prices(Auction* a) noexcept nogil:
    # The middle of each zone's interval, rounded down; together these support the clearing as the ends do (L-natural-convexity).
    cdef uint32_t zone, line, passes
    span(a)
    own_orders(a)
    for passes in range(a.zones):  # no bound needs a longer way
        for line in range(a.lines):
            relax(a, line)
    for zone in range(a.zones):
        a.price[zone] = (a.low[zone] + a.high[zone]) >> 1
