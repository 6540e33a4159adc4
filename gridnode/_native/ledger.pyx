# cython: cdivision=True
"""What the compiled books remember: periods, lines, resting orders and the journal, with everything that reads or restores them.

Rules and interface stand in the chapter `gridnode._native`. The C side of it is ledger.pxd; matching is in book.pyx.
"""

from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcmp, memcpy, memset

from cpython.long cimport PyLong_AsLongLongAndOverflow

from gridnode._native.orders cimport Order, Slot, map_get
from gridnode._native.queue cimport DEEPEST, Queue, first_match, next_order


cdef int64_t whole(object value, str name, int64_t least, int64_t most) except? -1:
    # A whole number from least to most; ValueError says so, and a float is a TypeError, not cut off.
    cdef int overflow = 0
    cdef int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow)
    if overflow or number < least or number > most:
        raise ValueError(f"{name} is {value}; expected {least} to {most}")
    return number


cdef tuple order_row(Order* order):
    # (order_id, side, zone, mask, price_micro_per_kwh, energy_wh)
    return (
        order.id, order.side, order.zone, order.mask, -order.key if order.side == BID else order.key, order.energy_wh,
    )


cdef class Ledger:
    """The memory of the books of all open periods over one net of zones and lines.

    Args:
        n_zones: bidding zones, 1 to 64.
        n_lines: lines between them, 0 to 64.
        paths: paths[offer_zone][bid_zone], the (line, direction) pairs on the way, direction +1 forward or -1 backward, at most
            8; empty from a zone to itself; None where no way leads.

    Raises:
        ValueError: a size, index or number is out of its range.
    """

    def __cinit__(self, n_zones, n_lines, paths):
        memset(&self.s, 0, sizeof(self.s))
        self.s.zones = <uint32_t>whole(n_zones, "n_zones", 1, MOST_ZONES)
        self.s.lines = <uint32_t>whole(n_lines, "n_lines", 0, MOST_LINES)
        self.load_ways(paths)

    def __dealloc__(self):
        cdef uint32_t slot
        for slot in range(self.s.slots):
            if self.s.periods[slot].is_open:
                free(self.s.periods[slot].queues)
        free(self.s.periods)
        free(self.s.ways)
        free(self.s.adders)
        free(self.s.pool.at)
        free(self.s.ids.slots)
        free(self.s.numbers.slots)
        free(self.s.journal)
        free(self.s.fills)

    def __len__(self):
        """Return the number of resting orders."""
        return self.s.pool.count

    cdef int load_ways(self, object paths) except -1:
        cdef uint32_t zones = self.s.zones
        cdef Way* way
        self.s.ways = <Way*>calloc(zones * zones, sizeof(Way))
        if self.s.ways == NULL:
            raise MemoryError
        if len(paths) != zones or any(len(row) != zones for row in paths):
            raise ValueError(f"paths is not a square of {zones} zones")
        for offer_zone in range(zones):
            for bid_zone in range(zones):
                way = &self.s.ways[<uint32_t>offer_zone * zones + <uint32_t>bid_zone]
                path = paths[offer_zone][bid_zone]
                if path is None and offer_zone != bid_zone:
                    way.length = -1
                    continue
                if path is None or len(path) > MOST_STEPS or (offer_zone == bid_zone and len(path)):
                    raise ValueError(f"path {offer_zone} to {bid_zone} is {path}; expected at most 8 lines, none to itself")
                if len({line for line, _ in path}) != len(path):
                    raise ValueError(f"path {offer_zone} to {bid_zone} is {path}; expected each line once")
                for line, direction in path:
                    if direction not in (1, -1) or self.s.lines == 0:
                        raise ValueError(f"path {offer_zone} to {bid_zone} is {path}; expected (line, 1 or -1)")
                    way.step[way.length] = <uint32_t>(2 * whole(line, "line", 0, self.s.lines - 1) + (direction < 0))
                    way.length += 1
        return 0

    cdef int64_t* band_room(self) except NULL:
        # Where the adders of the next band go, behind those that are known.
        cdef size_t cells = <size_t>self.s.zones * self.s.zones
        cdef uint32_t room
        cdef void* grown
        if self.s.bands == self.s.bands_room:
            room = 2 * self.s.bands_room + 2
            grown = realloc(self.s.adders, room * cells * sizeof(int64_t))
            if grown == NULL:
                raise MemoryError
            self.s.adders = <int64_t*>grown
            self.s.bands_room = room
        return self.s.adders + self.s.bands * cells

    def add_band(self, adders):
        """Return the number of the tariff band with these adders, a new one unless an equal one is known."""
        cdef Py_ssize_t zones = self.s.zones
        cdef size_t cells = <size_t>(zones * zones)
        cdef int64_t* fresh
        cdef int64_t band
        if len(adders) != zones or any(len(row) != zones for row in adders):
            raise ValueError(f"adders of a band are not a square of {zones} zones")
        numbers = [whole(adder, "adder", 0, MOST) for row in adders for adder in row]
        fresh = self.band_room()
        for at, adder in enumerate(numbers):
            fresh[<size_t>at] = adder
        for band in range(self.s.bands):
            if memcmp(self.s.adders + band * cells, fresh, cells * sizeof(int64_t)) == 0:
                return band
        if self.s.bands < MOST_BANDS:
            self.s.bands += 1
            return self.s.bands - 1
        band = self.unused_band()
        memcpy(self.s.adders + band * cells, fresh, cells * sizeof(int64_t))
        return band

    cdef int64_t unused_band(self) except -1:
        # The lowest number that neither an open period has nor one that a rollback would open again.
        cdef uint8_t[MOST_BANDS] used
        cdef int64_t band
        cdef uint64_t i
        memset(used, 0, sizeof(used))
        for i in range(self.s.slots):
            if self.s.periods[i].is_open:
                used[self.s.periods[i].band] = 1
        for i in range(self.s.journal_used):
            if self.s.journal[i].kind == UNDO_CLOSE:
                used[self.s.journal[i].id] = 1
        for band in range(MOST_BANDS):
            if not used[band]:
                return band
        raise ValueError(f"{MOST_BANDS} bands are in use; expected one of them")

    cdef Period* period_of(self, object period) except NULL:
        cdef Period* p = find_period(&self.s, whole(period, "period", 0, INT64_MAX))
        if p == NULL:
            raise ValueError(f"period is {period}; expected an open period")
        return p

    def open_period(self, period, band, atc_forward_wh, atc_backward_wh):
        """Open the books of a period with the capacity of each line, Wh, and no flow."""
        cdef int64_t number = whole(period, "period", 0, INT64_MAX)
        cdef int64_t of_band = whole(band, "band", 0, <int64_t>self.s.bands - 1)
        cdef Period* p
        if find_period(&self.s, number) != NULL:
            raise ValueError(f"period is {number}; expected one that is not open")
        if len(atc_forward_wh) != self.s.lines or len(atc_backward_wh) != self.s.lines:
            raise ValueError(f"expected the capacities of {self.s.lines} lines")
        rooms = [
            (whole(forward, "atc_forward_wh", 0, MOST), whole(backward, "atc_backward_wh", 0, MOST))
            for forward, backward in zip(atc_forward_wh, atc_backward_wh)
        ]
        if open_slot(&self.s, number, of_band):
            raise MemoryError
        p = find_period(&self.s, number)
        for line, (forward, backward) in enumerate(rooms):
            if reserve(&self.s):
                raise MemoryError
            set_line(&self.s, p, line, 0, forward, backward)
        p.unsettled = False

    def close_period(self, period):
        """Forget a period; return [(order_id, remaining_wh)] of its resting orders in id order."""
        cdef Period* p = self.period_of(period)
        cdef uint32_t line
        rows = [(row[0], row[5]) for row in self.orders(period)]
        for order_id, _ in rows:
            if reserve(&self.s):
                raise MemoryError
            take_order(&self.s, p, map_get(&self.s.ids, order_id))
        if self.s.recording:
            for line in range(self.s.lines):
                if reserve(&self.s):
                    raise MemoryError
                set_line(&self.s, p, line, 0, 0, 0)
        if reserve(&self.s):
            raise MemoryError
        close_slot(&self.s, p)
        return rows

    def set_atc(self, period, line, forward_wh, backward_wh):
        """Set a line's capacity, Wh, also below its flow; does not match, `rematch` does."""
        cdef Period* p = self.period_of(period)
        cdef int64_t at = whole(line, "line", 0, <int64_t>self.s.lines - 1)
        cdef int64_t forward = whole(forward_wh, "forward_wh", 0, MOST)
        cdef int64_t backward = whole(backward_wh, "backward_wh", 0, MOST)
        if reserve(&self.s):
            raise MemoryError
        set_line(&self.s, p, at, p.flow[at], forward - p.flow[at], backward + p.flow[at])

    def restore_flow(self, period, line, flow_wh):
        """Set a line's net flow, Wh, positive forward, when books are rebuilt from state."""
        cdef Period* p = self.period_of(period)
        cdef int64_t at = whole(line, "line", 0, <int64_t>self.s.lines - 1)
        cdef int64_t flow = whole(flow_wh, "flow_wh", -MOST, MOST)
        if reserve(&self.s):
            raise MemoryError
        set_line(
            &self.s, p, at, flow, p.room[2 * at] + p.flow[at] - flow, p.room[2 * at + 1] - p.flow[at] + flow,
        )

    cdef int check_order(self, int64_t side, int64_t zone, int64_t mask) except -1:
        if side != BID and side != OFFER:
            raise ValueError(f"side is {side}; expected {BID} for a bid or {OFFER} for an offer")
        if zone < 0 or zone >= self.s.zones:
            raise ValueError(f"zone is {zone}; expected 0 to {self.s.zones - 1}")
        if mask < 1 or mask > ALL_SOURCES:
            raise ValueError(f"mask is {mask}; expected 1 to {ALL_SOURCES}")
        if side == OFFER and mask & (mask - 1):
            raise ValueError(f"mask is {mask}; expected one source bit for an offer")
        return 0

    def restore(self, period, order_id, side, zone, mask, price_micro_per_kwh, energy_wh):
        """Let an order rest without matching, when books are rebuilt from state; ids may come in any order."""
        cdef Period* p = self.period_of(period)
        cdef int64_t id = whole(order_id, "order_id", 1, INT64_MAX)
        cdef int64_t of_side = whole(side, "side", BID, OFFER)
        cdef int64_t in_zone = whole(zone, "zone", 0, MOST_ZONES - 1)
        cdef int64_t sources = whole(mask, "mask", 1, ALL_SOURCES)
        cdef int64_t price = whole(price_micro_per_kwh, "price_micro_per_kwh", -MOST, MOST)
        cdef int64_t left = whole(energy_wh, "energy_wh", 1, MOST)
        self.check_order(of_side, in_zone, sources)
        if map_get(&self.s.ids, id):
            raise ValueError(f"order_id is {id}; expected one that does not rest")
        if reserve(&self.s):
            raise MemoryError
        add_order(
            &self.s, p, id, <int>of_side, <int>in_zone, <uint16_t>sources, -price if of_side == BID else price, left
        )
        p.unsettled = True
        if id >= self.last_id:
            self.last_id = id
            self.pending_wh = 0

    def periods(self):
        """Return the open periods, ascending."""
        return sorted(self.s.periods[slot].number for slot in range(self.s.slots) if self.s.periods[slot].is_open)

    def band(self, period):
        """Return the tariff band of a period."""
        return self.period_of(period).band

    def flows(self, period):
        """Return the net flow of each line, Wh, positive forward."""
        cdef Period* p = self.period_of(period)
        return [p.flow[line] for line in range(self.s.lines)]

    def atc(self, period):
        """Return the capacity of each line, Wh: [(forward, backward)]."""
        cdef Period* p = self.period_of(period)
        return [
            (p.room[2 * line] + p.flow[line], p.room[2 * line + 1] - p.flow[line]) for line in range(self.s.lines)
        ]

    cdef Queue* queue_of(self, object period, object side, object zone) except NULL:
        cdef Period* p = self.period_of(period)
        cdef int64_t of_side = whole(side, "side", BID, OFFER)
        return &p.queues[of_side * self.s.zones + whole(zone, "zone", 0, <int64_t>self.s.zones - 1)]

    cdef list walk(self, Queue* queue, int64_t most):
        # The places of the best orders of a queue.
        cdef uint32_t[DEEPEST] way
        cdef int depth = 0
        cdef uint32_t at = next_order(self.s.pool.at, way, &depth, queue.root)
        found = []
        while at and len(found) < most:
            found.append(at)
            at = next_order(self.s.pool.at, way, &depth, self.s.pool.at[at].right)
        return found

    def orders(self, period):
        """Return (order_id, side, zone, mask, price_micro_per_kwh, energy_wh) of every resting order, in id order."""
        cdef Period* p = self.period_of(period)
        cdef uint32_t place
        rows = []
        for queue in range(2 * self.s.zones):
            for place in self.walk(&p.queues[<uint32_t>queue], INT64_MAX):
                rows.append(order_row(&self.s.pool.at[place]))
        rows.sort()
        return rows

    def remaining(self, order_id):
        """Return what is left of a resting order, Wh, 0 when it does not rest."""
        return self.s.pool.at[map_get(&self.s.ids, whole(order_id, "order_id", 1, INT64_MAX))].energy_wh if len(self) else 0

    def best(self, period, side, zone, mask=ALL_SOURCES):
        """Return the row, as in `orders`, of the first order of a queue that shares a source with the mask, or None."""
        cdef Queue* queue = self.queue_of(period, side, zone)
        cdef uint16_t sources = <uint16_t>whole(mask, "mask", 1, ALL_SOURCES)
        if not queue.any & sources:
            return None
        return order_row(&self.s.pool.at[first_match(self.s.pool.at, queue.root, sources)])

    def queue(self, period, side, zone, most):
        """Return the rows, as in `orders`, of the first `most` orders of a queue in the order in which they are served."""
        cdef uint32_t place
        cdef Queue* queue = self.queue_of(period, side, zone)
        return [order_row(&self.s.pool.at[place]) for place in self.walk(queue, whole(most, "most", 0, INT64_MAX))]

    def memory_bytes(self):
        """Return what resting orders and their ids have allocated, idle room included."""
        return self.s.pool.room * sizeof(Order) + self.s.ids.size * sizeof(Slot)

    def begin(self):
        """Start to record changes, so that rollback can undo them; up to 8 levels inside each other."""
        if self.levels == MOST_LEVELS:
            raise ValueError(f"begin() inside {MOST_LEVELS} others; expected commit() or rollback() first")
        self.saved[self.levels] = Level(self.s.journal_used, self.last_id, self.pending_wh)
        self.levels += 1
        self.s.recording = True

    def commit(self):
        """Keep what was done since the last begin(); a begin() around it can still undo it."""
        if self.levels == 0:
            raise ValueError("commit() without begin()")
        self.end_level()

    def rollback(self):
        """Undo what was done since the last begin(): content and every later result are as if it had not happened."""
        cdef Level* level
        if self.levels == 0:
            raise ValueError("rollback() without begin()")
        level = &self.saved[self.levels - 1]
        self.s.recording = False
        failed = undo_to(&self.s, level.mark)
        self.s.recording = True
        if failed:
            raise MemoryError
        self.last_id = level.last_id
        self.pending_wh = level.pending_wh
        self.end_level()

    cdef int end_level(self) except -1:
        # The innermost level is over; the outermost one takes the journal with it.
        self.levels -= 1
        if self.levels == 0:
            self.s.recording = False
            self.s.journal_used = 0
            if self.s.journal_room > IDLE_UNDOS:
                free(self.s.journal)
                self.s.journal = NULL
                self.s.journal_room = 0
        return 0

    def depth(self):
        """Return how many begin() wait for their commit() or rollback()."""
        return self.levels
