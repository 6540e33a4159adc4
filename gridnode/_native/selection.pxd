# Which of all clearings of equal welfare: most volume, then earliest orders, then shortest ways, then earliest lines.
#
# Given optimal prices, a clearing is optimal exactly when orders inside their limit are filled, those outside are not, and lines
# that pay are full. Free are only marginal orders, whose limit is the price, and lines that just break even: flows between bounds,
# which pushes through the net raise one after the other.

from libc.stdint cimport int64_t, uint32_t

from gridnode._native.curves cimport BID, OFFER, energy_of, first_row
from gridnode._native.descent cimport (
    SCALE, Auction, bids_edge, gap, lay_lines, lay_step, offers_edge, step, trade_edge,
)
from gridnode._native.flow cimport carry, hold, keep, raise_flow, restore, seal, set_room


cdef inline int edge_of(Auction* a, uint32_t curve) noexcept nogil:
    return offers_edge(a, curve // 2) if curve % 2 == OFFER else bids_edge(a, curve // 2)


cdef inline int64_t margin_key(Auction* a, uint32_t curve) noexcept nogil:
    # The key of the orders of a curve whose limit is the price.
    return a.price[curve // 2] if curve % 2 == OFFER else -a.price[curve // 2]


cdef inline int64_t earlier(Auction* a, uint32_t curve, uint32_t place) noexcept nogil:
    # Energy of the marginal orders of a curve that stand before `place` in the sequence of orders, Wh.
    cdef uint32_t low = a.margin[curve]
    cdef uint32_t high = a.beyond_margin[curve]
    cdef uint32_t middle
    while low < high:
        middle = low + (high - low) // 2
        if a.curves.place[middle] < place:
            low = middle + 1
        else:
            high = middle
    return energy_of(&a.curves, a.margin[curve], low)


cdef inline void lay_margin(Auction* a) noexcept nogil:
    # Open the net for marginal orders and lines; what is decided becomes the surplus of zones and pools.
    cdef uint32_t curve
    cdef int64_t decided
    a.surplus[a.zones] = 0
    a.surplus[a.zones + 1] = 0
    for curve in range(2 * a.zones):
        a.margin[curve] = first_row(&a.curves, curve, margin_key(a, curve))
        a.beyond_margin[curve] = first_row(&a.curves, curve, margin_key(a, curve) + 1)
        decided = energy_of(&a.curves, a.curves.start[curve], a.margin[curve])
        a.taken[curve] = decided
        if curve % 2 == BID:
            a.surplus[curve // 2] = -decided
            a.surplus[a.zones] += decided
        else:
            a.surplus[curve // 2] += decided
            a.surplus[a.zones] -= decided
        a.net.most[edge_of(a, curve)] = energy_of(&a.curves, a.margin[curve], a.beyond_margin[curve])
        a.live[curve] = a.net.most[edge_of(a, curve)] > 0
    lay_lines(a, 0)


cdef inline bint hold_earlier(Auction* a, uint32_t place) noexcept nogil:
    # Demand that the marginal orders before `place` are filled, of the curves that can still grow; whether they can be.
    cdef uint32_t curve
    cdef int64_t wanted
    keep(&a.net)
    for curve in range(2 * a.zones):
        if a.live[curve]:
            wanted = earlier(a, curve, place)
            hold(&a.net, edge_of(a, curve), wanted)
            if a.net.least[edge_of(a, curve)] < wanted:
                restore(&a.net)
                return False
    return True


cdef inline uint32_t first_short(Auction* a, uint32_t place) noexcept nogil:
    # The first order, from `place` on, that cannot be filled along with all live ones before it; the number of orders if none.
    cdef uint32_t failing = a.curves.rows + 1   # up to there, orders are not known to be filled
    cdef uint32_t stride = 1
    while failing - place > 1:
        stride = min(stride, (failing - place) // 2)
        if hold_earlier(a, place + stride):
            place += stride
            stride *= 2
        else:
            failing = place + stride
    return place


cdef inline void fill_short(Auction* a, uint32_t place) noexcept nogil:
    # Fill the order at `place` as far as it goes; its curve cannot grow after that: later orders in it are no easier to fill.
    cdef uint32_t curve
    for curve in range(2 * a.zones):
        if a.live[curve] and earlier(a, curve, place + 1) > a.net.least[edge_of(a, curve)]:
            hold(&a.net, edge_of(a, curve), earlier(a, curve, place + 1))
            a.net.most[edge_of(a, curve)] = a.net.least[edge_of(a, curve)]
            set_room(&a.net, edge_of(a, curve), 0)
            a.live[curve] = False


cdef inline void accept_orders(Auction* a) noexcept nogil:
    # Decide how much of each curve is accepted.
    cdef uint32_t place = 0
    cdef uint32_t curve
    lay_margin(a)
    a.net.most[trade_edge(a)] = a.curves.beyond[a.curves.rows]
    carry(&a.net, a.surplus)
    seal(&a.net)
    raise_flow(&a.net, trade_edge(a))
    while True:
        place = first_short(a, place)
        if place == a.curves.rows:
            break
        fill_short(a, place)
    for curve in range(2 * a.zones):
        a.taken[curve] += a.net.least[edge_of(a, curve)]


cdef inline void route(Auction* a) noexcept nogil:
    # Decide the flow of each line: least wheeling, then fewest hops, then earlier lines carry all they can.
    cdef uint32_t i
    for i in range(a.zones):
        a.export_wh[i] = a.taken[2 * i + OFFER] - a.taken[2 * i + BID]
        a.price[i] *= SCALE
    for i in range(a.lines):
        a.cost[i] = a.wheeling[i] * SCALE + 1
    for i in range(a.lines, trade_edge(a) + 1):
        a.net.least[i] = 0
        a.net.most[i] = 0
    a.settled = True
    while step(a, 0, True):
        pass
    lay_step(a, 0, True)
    carry(&a.net, a.surplus)
    seal(&a.net)
    for i in range(a.lines):
        a.flow[i] = a.atc_wh[i] if gap(a, i, 0) > 0 else raise_flow(&a.net, i)
