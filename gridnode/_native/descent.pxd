# Zonal prices that maximise welfare, by descent on what the market would gain at given prices.
#
# At any prices each zone's offers below its price sell, its bids above it buy, and a line whose far end is dearer by more than its
# wheeling is full. The gain of all of them together is convex in the prices (L-natural-convex: Murota, Discrete Convex Analysis,
# chapter 7) and least where everything that sells is bought, which is the optimum (duality). So: while energy is lacking somewhere
# that lines with room to choose cannot bring, raise by one the price of all zones from which the lack can be reached; while some is
# left over, lower by one that of the zones it can reach. Each step lowers the gain, and where neither is left prices are optimal.
# One such step is one push through the net. Prices are first found in units of a large power of two and then refined by halves,
# so their number depends on the digits of a price and the size of the net, not on the number of orders.

from libc.stdint cimport int32_t, int64_t, uint32_t

from gridnode._native.curves cimport Curves, surplus_at
from gridnode._native.flow cimport MOST_NODES, Net, add_edge, begin_net, carry, end_net, reach


cdef enum:
    MOST_ZONES = 128
    MOST_LINES = 1_024
    SCALE = 1_024           # above the number of lines of any way without a loop, so hops never outweigh a unit of wheeling


cdef struct Auction:
    uint32_t zones
    uint32_t lines
    Curves curves
    Net net                         # edges: lines; pool of marginal offers to zones; zones to pool of bids; bids' pool to offers'
    int32_t[MOST_LINES] tail
    int32_t[MOST_LINES] head
    int64_t[MOST_LINES] atc_wh
    int64_t[MOST_LINES] wheeling
    int64_t[MOST_LINES] cost        # of a Wh on a line in the current descent: wheeling, or wheeling and hops
    int64_t[MOST_ZONES] price       # in the current descent, in its unit
    bint settled                    # which orders are accepted is decided: the descent looks for flows alone
    int64_t[MOST_NODES] export_wh   # then: what each zone sends out
    int64_t[MOST_NODES] surplus     # of each node in the current step
    uint32_t[2 * MOST_ZONES] margin         # curve -> its first row whose limit is the price
    uint32_t[2 * MOST_ZONES] beyond_margin  # and the first one after those
    bint[2 * MOST_ZONES] live       # curve -> more of its marginal orders may yet be accepted
    int64_t[2 * MOST_ZONES] taken   # curve -> energy accepted, best rows first
    int64_t[MOST_LINES] flow
    int64_t[MOST_ZONES] low         # lowest and highest price a zone can have
    int64_t[MOST_ZONES] high


cdef inline int offers_edge(Auction* a, uint32_t zone) noexcept nogil:
    # The edge of the energy of a zone's marginal offers, from their pool.
    return a.lines + zone


cdef inline int bids_edge(Auction* a, uint32_t zone) noexcept nogil:
    # The edge of the energy of a zone's marginal bids, to their pool.
    return a.lines + a.zones + zone


cdef inline int trade_edge(Auction* a) noexcept nogil:
    # The edge of the energy of all marginal bids, back from pool to pool.
    return a.lines + 2 * a.zones


cdef inline void lay_net(Auction* a) noexcept nogil:
    # The net of this auction, every edge closed.
    cdef uint32_t i
    cdef int offers = a.zones
    cdef int bids = a.zones + 1
    begin_net(&a.net, a.zones + 4)
    for i in range(a.lines):
        add_edge(&a.net, a.tail[i], a.head[i])
    for i in range(a.zones):
        add_edge(&a.net, offers, i)
    for i in range(a.zones):
        add_edge(&a.net, i, bids)
    add_edge(&a.net, bids, offers)
    end_net(&a.net)


cdef inline int64_t gap(Auction* a, uint32_t line, int shift) noexcept nogil:
    # By how much more than its cost the far end of a line is dearer.
    return a.price[a.head[line]] - a.price[a.tail[line]] - (a.cost[line] >> shift)


cdef inline void lay_lines(Auction* a, int shift) noexcept nogil:
    # Fill the lines that pay, into the surplus of their ends; open those that break even; close the others.
    cdef uint32_t line
    cdef int64_t pays
    for line in range(a.lines):
        pays = gap(a, line, shift)
        a.net.least[line] = 0
        a.net.most[line] = a.atc_wh[line] if pays == 0 else 0
        if pays > 0:
            a.surplus[a.head[line]] += a.atc_wh[line]
            a.surplus[a.tail[line]] -= a.atc_wh[line]


cdef inline void lay_step(Auction* a, int shift, bint up) noexcept nogil:
    # The surplus of each zone just above (up) or just below its price, and the lines.
    cdef uint32_t zone
    for zone in range(a.zones):
        if a.settled:
            a.surplus[zone] = a.export_wh[zone]
        else:
            a.surplus[zone] = surplus_at(&a.curves, zone, (a.price[zone] + up) * (<int64_t>1 << shift))
    a.surplus[a.zones] = 0
    a.surplus[a.zones + 1] = 0
    lay_lines(a, shift)


cdef inline bint step(Auction* a, int shift, bint up) noexcept nogil:
    # Move the prices that a lack (up) or a surplus holds together by one unit; whether there was any.
    cdef uint32_t zone
    lay_step(a, shift, up)
    carry(&a.net, a.surplus)
    if (a.net.lacking if up else a.net.spare) == 0:
        return False
    reach(&a.net, a.net.sink if up else a.net.source, not up)
    for zone in range(a.zones):
        if a.net.level[zone] >= 0:
            a.price[zone] += 1 if up else -1
    return True


cdef inline void find_prices(Auction* a, int64_t lowest, int64_t highest) noexcept nogil:
    # Prices of maximal welfare, given the lowest and highest limit of all orders.
    cdef uint32_t zone, line
    cdef int shift = 0
    while (highest - lowest) >> shift:
        shift += 1
    for line in range(a.lines):
        a.cost[line] = a.wheeling[line]
    for zone in range(a.zones):
        a.price[zone] = lowest >> shift
    a.settled = False
    while True:
        while step(a, shift, True) or step(a, shift, False):
            pass
        if shift == 0:
            return
        shift -= 1
        for zone in range(a.zones):
            a.price[zone] *= 2
