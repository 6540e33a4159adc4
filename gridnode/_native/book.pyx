# cython: cdivision=True
"""The continuous order books of all open delivery periods, compiled; rules and interface stand in the chapter `gridnode._native`.

This file checks what comes in and hands out what was found. The loop is in matching.pxd, the memory in ledger.pxd, the queues in
queue.pxd. The obvious version beside it is gridnode.modules.market.reference.
"""

from libc.stdint cimport INT64_MAX, int64_t, uint32_t

from cpython.bytes cimport PyBytes_FromStringAndSize

from gridnode._native.ledger cimport (
    ALL_SOURCES, BID, FILL_COLUMNS, MOST, MOST_ZONES, OFFER, Ledger, Period, find_period, reserve, take_order, whole,
)
from gridnode._native.matching cimport NO_MEMORY, SETTLED, Incoming, find_crossed, incoming, match, place_order
from gridnode._native.orders cimport Order, map_get


cdef class Books(Ledger):
    """The books of all open periods; construction as in `Ledger`."""

    cdef int check_id(self, int64_t order_id, int64_t energy_wh) except -1:
        if order_id <= self.last_id and not (order_id == self.last_id and energy_wh <= self.pending_wh):
            raise ValueError(
                f"order_id is {order_id} with {energy_wh} Wh; expected more than {self.last_id}, or that one with at most the "
                f"{self.pending_wh} Wh that are left of it and do not rest"
            )
        return 0

    cdef int settle(self, int outcome, Incoming* order, bint rest) except -1:
        # Remember how the placing of an order ended.
        if outcome == NO_MEMORY:
            raise MemoryError
        self.last_id = order.id
        self.pending_wh = 0 if outcome == SETTLED and rest else order.energy_wh
        return 0

    cdef list fills(self):
        cdef int64_t* fill = self.s.fills
        cdef uint32_t i
        found = []
        for i in range(<uint32_t>self.s.fills_used):
            found.append((fill[0], fill[1], fill[2], fill[3], fill[4]))
            fill += FILL_COLUMNS
        return found

    def place(
        self, period, order_id, side, zone, mask, price_micro_per_kwh, energy_wh, budget, bint rest=True, counterparty=0
    ):
        """Match an incoming order and let the remainder rest; return (fills, remaining_wh, done)."""
        cdef Period* p = self.period_of(period)
        cdef int64_t id = whole(order_id, "order_id", 1, INT64_MAX)
        cdef int64_t of_side = whole(side, "side", BID, OFFER)
        cdef int64_t in_zone = whole(zone, "zone", 0, MOST_ZONES - 1)
        cdef int64_t sources = whole(mask, "mask", 1, ALL_SOURCES)
        cdef int64_t price = whole(price_micro_per_kwh, "price_micro_per_kwh", -MOST, MOST)
        cdef int64_t left = whole(energy_wh, "energy_wh", 1, MOST)
        cdef int64_t steps = whole(budget, "budget", 0, INT64_MAX)
        cdef int64_t only = whole(counterparty, "counterparty", 0, INT64_MAX)
        cdef Incoming order
        cdef int outcome
        self.check_order(of_side, in_zone, sources)
        self.check_id(id, left)
        if only and rest:
            raise ValueError(f"counterparty is {only}; expected rest False, as the remainder may be crossed with others")
        order = incoming(id, of_side, in_zone, sources, price, left, only)
        self.s.fills_used = 0
        outcome = place_order(&self.s, p, &order, rest, &steps)
        self.settle(outcome, &order, rest)
        return self.fills(), order.energy_wh, outcome == SETTLED

    def rematch(self, period, budget):
        """Fill resting orders that are crossed with headroom between them; return (fills, done)."""
        cdef Period* p = self.period_of(period)
        cdef int64_t steps = whole(budget, "budget", 0, INT64_MAX)
        cdef Incoming nobody = incoming(0, BID, 0, 0, 0, 0, 0)
        self.s.fills_used = 0
        cdef int outcome = match(&self.s, p, &nobody, &steps)
        if outcome == NO_MEMORY:
            raise MemoryError
        return self.fills(), outcome == SETTLED

    cdef int check_rows(
        self, const int64_t[::1] period, const int64_t[::1] order_id, const int64_t[::1] side, const int64_t[::1] zone,
        const int64_t[::1] mask, const int64_t[::1] price, const int64_t[::1] energy_wh,
    ) except -1:
        cdef Py_ssize_t n = order_id.shape[0]
        cdef Py_ssize_t row
        cdef int64_t known = -1
        rows = [period.shape[0], side.shape[0], zone.shape[0], mask.shape[0], price.shape[0], energy_wh.shape[0]]
        if rows != [n] * 6:
            raise ValueError(f"the other columns have {rows} rows; expected {n} like order_id")
        for row in range(n):
            if period[row] != known:
                self.period_of(period[row])
                known = period[row]
            if row == 0:
                self.check_id(whole(order_id[0], "order_id", 1, INT64_MAX), energy_wh[0])
            elif order_id[row] <= order_id[row - 1]:
                raise ValueError(f"order_id of row {row} is {order_id[row]}; expected more than {order_id[row - 1]}")
            self.check_order(side[row], zone[row], mask[row])
            if price[row] < -MOST or price[row] > MOST:
                raise ValueError(f"price of row {row} is {price[row]}; expected {-MOST} to {MOST}")
            if energy_wh[row] < 1 or energy_wh[row] > MOST:
                raise ValueError(f"energy_wh of row {row} is {energy_wh[row]}; expected 1 to {MOST}")
        return 0

    def place_many(
        self, const int64_t[::1] period, const int64_t[::1] order_id, const int64_t[::1] side, const int64_t[::1] zone,
        const int64_t[::1] mask, const int64_t[::1] price_micro_per_kwh, const int64_t[::1] energy_wh, budget,
    ):
        """Place rows of orders in turn; return (fills, rows, remaining_wh), see the chapter."""
        cdef int64_t steps = whole(budget, "budget", 0, INT64_MAX)
        cdef Py_ssize_t n = order_id.shape[0]
        cdef Py_ssize_t row = 0
        cdef int outcome = SETTLED
        cdef Incoming order
        self.check_rows(period, order_id, side, zone, mask, price_micro_per_kwh, energy_wh)
        self.s.fills_used = 0
        # The interpreter lock is kept: nobody may change the books, or the columns just checked, while the loop runs.
        while row < n:
            order = incoming(order_id[row], side[row], zone[row], mask[row], price_micro_per_kwh[row], energy_wh[row], 0)
            outcome = place_order(&self.s, find_period(&self.s, period[row]), &order, True, &steps)
            if outcome != SETTLED:
                break
            row += 1
        if n:
            self.settle(outcome, &order, True)
        packed = PyBytes_FromStringAndSize(
            <char*>self.s.fills, <Py_ssize_t>self.s.fills_used * FILL_COLUMNS * sizeof(int64_t)
        )
        return memoryview(packed).cast("q"), row, 0 if row == n else order.energy_wh

    def cancel(self, order_id):
        """Take a resting order out; return its remaining energy, Wh, 0 when it does not rest."""
        cdef uint32_t place = map_get(&self.s.ids, whole(order_id, "order_id", 1, INT64_MAX))
        cdef Order* order
        cdef int64_t left
        if place == 0:
            return 0
        if reserve(&self.s):
            raise MemoryError
        order = &self.s.pool.at[place]
        left = order.energy_wh
        take_order(&self.s, &self.s.periods[order.period], place)
        return left

    def crossed(self, period):
        """Return (offer_id, bid_id) of the pair of resting orders that `rematch` would fill next, or None."""
        cdef uint32_t[2] pair
        if not find_crossed(&self.s, self.period_of(period), pair):
            return None
        return self.s.pool.at[pair[0]].id, self.s.pool.at[pair[1]].id
