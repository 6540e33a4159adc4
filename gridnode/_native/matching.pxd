# The matching loop: who trades next, how much, at what price. The rules stand in the chapter gridnode/_native/__init__.py.

from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint16_t, uint32_t

from gridnode._native.ledger cimport (
    BID, FILL_COLUMNS, Period, State, Way, add_order, reduce_order, reserve, set_line,
)
from gridnode._native.orders cimport Order, map_get
from gridnode._native.queue cimport Queue, first_match


cdef struct Incoming:
    int64_t id
    int64_t key            # as an Order has it
    int64_t energy_wh      # what is left of it, 0 when there is no incoming order
    int64_t counterparty   # id of the one resting order it may meet, 0 for any
    uint32_t zone
    uint16_t mask
    uint8_t side


cdef inline Incoming incoming(
    int64_t id, int64_t side, int64_t zone, int64_t mask, int64_t price, int64_t energy_wh, int64_t counterparty
) noexcept nogil:
    # An incoming order of checked numbers.
    cdef Incoming order
    order.id = id
    order.key = -price if side == BID else price
    order.energy_wh = energy_wh
    order.counterparty = counterparty
    order.zone = <uint32_t>zone
    order.mask = <uint16_t>mask
    order.side = <uint8_t>side
    return order


cdef enum Outcome:
    SETTLED = 0       # no further fill is possible
    PAUSED = 1        # the budget is spent and a fill is possible
    NO_MEMORY = -1


cdef inline int64_t headroom(Period* p, Way* way) noexcept nogil:
    # Energy that the way can still carry, Wh: the least of its lines, 0 or less where one is full or no way leads.
    cdef int64_t least = INT64_MAX
    cdef int i
    if way.length < 0:
        return 0
    for i in range(way.length):
        if p.room[way.step[i]] < least:
            least = p.room[way.step[i]]
    return least


cdef inline void carry(State* s, Period* p, Way* way, int64_t energy_wh) noexcept nogil:
    # Enter a trade's energy into the ledger of every line on its way; what it takes in one direction it frees in the other.
    cdef int i
    cdef uint32_t line
    for i in range(way.length):
        line = way.step[i] >> 1
        if way.step[i] & 1:
            set_line(s, p, line, p.flow[line] - energy_wh, p.room[2 * line] + energy_wh, p.room[2 * line + 1] - energy_wh)
        else:
            set_line(s, p, line, p.flow[line] + energy_wh, p.room[2 * line] - energy_wh, p.room[2 * line + 1] + energy_wh)


cdef inline void record(
    State* s, int64_t resting_id, int64_t energy_wh, int64_t seller_price, int64_t adder, int64_t taker_id
) noexcept nogil:
    cdef int64_t* fill = &s.fills[s.fills_used * FILL_COLUMNS]
    s.fills_used += 1
    fill[0] = resting_id
    fill[1] = energy_wh
    fill[2] = seller_price
    fill[3] = adder
    fill[4] = taker_id


cdef inline uint32_t find_counterparty(State* s, Period* p, int side, uint32_t zone, uint16_t mask, int64_t key) noexcept nogil:
    # The resting order that an incoming one trades with next, 0 when none. A pair is crossed when the two keys and the adder sum
    # to zero or less, on either side; the least sum is the lowest delivered price or the highest net price.
    cdef Order* orders = s.pool.at
    cdef Queue* queues = p.queues + (1 - side) * s.zones
    cdef Queue* queue
    cdef uint32_t stride = s.zones if side == BID else 1
    cdef uint32_t pair = zone if side == BID else zone * s.zones
    cdef int64_t* adders = s.adders + p.band * s.zones * s.zones
    cdef int64_t best_cost = -key
    cdef int64_t best_id = INT64_MAX
    cdef int64_t cost
    cdef uint32_t best = 0
    cdef uint32_t at, z
    for z in range(s.zones):
        queue = &queues[z]
        if queue.any & mask:
            cost = queue.head_key + adders[pair]
            if cost < best_cost or (cost == best_cost and queue.head_id < best_id):
                if headroom(p, &s.ways[pair]) > 0:
                    at = queue.head
                    if not queue.head_mask & mask:
                        at = first_match(orders, queue.root, mask)
                        cost = orders[at].key + adders[pair]
                    if cost < best_cost or (cost == best_cost and orders[at].id < best_id):
                        best = at
                        best_cost = cost
                        best_id = orders[at].id
        pair += stride
    return best


cdef inline uint32_t link_of(State* s, Incoming* order, Order* resting) noexcept nogil:
    # Place of the pair's way and adder: [offer zone][bid zone].
    if order.side == BID:
        return resting.zone * s.zones + order.zone
    return order.zone * s.zones + resting.zone


cdef inline uint32_t find_named(State* s, Period* p, Incoming* order) noexcept nogil:
    # The one resting order that the incoming one asks for, 0 when it does not rest here or they cannot trade now.
    cdef uint32_t place = map_get(&s.ids, order.counterparty)
    cdef Order* other = &s.pool.at[place]
    cdef uint32_t link
    if place == 0 or &s.periods[other.period] != p or other.side == order.side or not other.mask & order.mask:
        return 0
    link = link_of(s, order, other)
    if other.key + order.key + s.adders[p.band * s.zones * s.zones + link] > 0 or headroom(p, &s.ways[link]) <= 0:
        return 0
    return place


cdef inline void prefer(Order* orders, uint32_t offer, uint32_t bid, int64_t cost, int64_t* best_cost, uint32_t* pair) noexcept nogil:
    # Keep the pair if it has more surplus than the best so far; then the older offer, then the older bid.
    if cost > best_cost[0]:
        return
    if cost == best_cost[0] and pair[0]:
        if orders[offer].id > orders[pair[0]].id:
            return
        if offer == pair[0] and orders[bid].id > orders[pair[1]].id:
            return
    best_cost[0] = cost
    pair[0] = offer
    pair[1] = bid


cdef inline bint find_crossed(State* s, Period* p, uint32_t* pair) noexcept nogil:
    # The resting offer and bid, pair[0] and pair[1], that trade with each other next; False when none do.
    cdef Order* orders = s.pool.at
    cdef int64_t* adders = s.adders + p.band * s.zones * s.zones
    cdef int64_t best_cost = 0
    cdef Queue* offers
    cdef Queue* bids
    cdef uint32_t zone, other, link, offer, bid
    cdef uint32_t shared
    cdef uint16_t source
    pair[0] = 0
    pair[1] = 0
    for zone in range(s.zones):
        offers = &p.queues[s.zones + zone]
        if offers.any == 0:
            continue
        for other in range(s.zones):
            bids = &p.queues[other]
            link = zone * s.zones + other
            shared = offers.any & bids.any
            if shared == 0 or offers.head_key + bids.head_key + adders[link] > best_cost:
                continue
            if headroom(p, &s.ways[link]) <= 0:
                continue
            if offers.head_mask & bids.head_mask:
                prefer(orders, offers.head, bids.head, offers.head_key + bids.head_key + adders[link], &best_cost, pair)
                continue
            while shared:
                source = <uint16_t>(shared & (~shared + 1))
                shared &= shared - 1
                offer = first_match(orders, offers.root, source)
                bid = first_match(orders, bids.root, source)
                prefer(orders, offer, bid, orders[offer].key + orders[bid].key + adders[link], &best_cost, pair)
    return pair[0] != 0


cdef inline void trade_resting(State* s, Period* p, uint32_t offer, uint32_t bid) noexcept nogil:
    # Two resting orders trade; the older one is the resting one and makes the price.
    cdef Order* seller = &s.pool.at[offer]
    cdef Order* buyer = &s.pool.at[bid]
    cdef uint32_t link = seller.zone * s.zones + buyer.zone
    cdef int64_t adder = s.adders[p.band * s.zones * s.zones + link]
    cdef int64_t energy_wh = min(seller.energy_wh, buyer.energy_wh, headroom(p, &s.ways[link]))
    if seller.id < buyer.id:
        record(s, seller.id, energy_wh, seller.key, adder, buyer.id)
    else:
        record(s, buyer.id, energy_wh, -buyer.key - adder, adder, seller.id)
    carry(s, p, &s.ways[link], energy_wh)
    reduce_order(s, p, offer, energy_wh)
    reduce_order(s, p, bid, energy_wh)


cdef inline void trade_incoming(State* s, Period* p, Incoming* order, uint32_t place) noexcept nogil:
    # The incoming order trades with a resting one, which makes the price.
    cdef Order* resting = &s.pool.at[place]
    cdef uint32_t link = link_of(s, order, resting)
    cdef int64_t adder = s.adders[p.band * s.zones * s.zones + link]
    cdef int64_t energy_wh = min(order.energy_wh, resting.energy_wh, headroom(p, &s.ways[link]))
    record(s, resting.id, energy_wh, resting.key if order.side == BID else -resting.key - adder, adder, order.id)
    carry(s, p, &s.ways[link], energy_wh)
    reduce_order(s, p, place, energy_wh)
    order.energy_wh -= energy_wh


cdef inline int match(State* s, Period* p, Incoming* order, int64_t* budget) noexcept nogil:
    # Fill the incoming order while it finds a counterparty, then resting orders that a freed line lets meet, and so on until
    # nothing is left to fill (SETTLED) or the budget is spent (PAUSED).
    cdef uint32_t[2] pair
    cdef uint32_t place
    while True:
        if reserve(s):
            return NO_MEMORY
        place = 0
        if order.energy_wh:
            if order.counterparty:
                place = find_named(s, p, order)
            else:
                place = find_counterparty(s, p, order.side, order.zone, order.mask, order.key)
        if place == 0:
            if not p.unsettled:
                return SETTLED
            if not find_crossed(s, p, pair):
                p.unsettled = False
                return SETTLED
        if budget[0] == 0:
            return PAUSED
        budget[0] -= 1
        if place:
            trade_incoming(s, p, order, place)
        else:
            trade_resting(s, p, pair[0], pair[1])


cdef inline int place_order(State* s, Period* p, Incoming* order, bint rest, int64_t* budget) noexcept nogil:
    # Match an incoming order and let its remainder rest.
    cdef int outcome = match(s, p, order, budget)
    if outcome == SETTLED and rest and order.energy_wh:
        add_order(s, p, order.id, order.side, <int>order.zone, order.mask, order.key, order.energy_wh)
    return outcome
