# Everything the books remember, and the few elementary changes that may be made to it.
#
# Each change writes its own inverse to the journal while one is open, so undoing is replaying the journal backwards and no rule of
# the market needs to know about it. The inverse restores content; the shape of a queue's tree may differ afterwards, which no
# result depends on. All levels share one journal: a level is the length it had at its begin(), and what it undoes is what was
# written since, so a committed inner level simply stays in it.

from libc.stdint cimport int8_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc

from gridnode._native.orders cimport (
    Map, Order, Pool, map_drop, map_get, map_put, map_reserve, pool_give, pool_reserve, pool_take,
)
from gridnode._native.queue cimport Queue, queue_add, queue_drop


cdef enum:
    BID = 0
    OFFER = 1
    MOST_ZONES = 64
    MOST_LINES = 64
    MOST_STEPS = 8       # lines of one way
    FILL_COLUMNS = 5
    MOST_BANDS = 4096
    MOST_LEVELS = 8      # begin() inside begin()
    IDLE_UNDOS = 65536   # room of the journal that is kept between blocks, 3 MB


cdef struct Way:
    int8_t length               # -1 where no way leads
    uint8_t[MOST_STEPS] step    # 2 * line, plus 1 when it is used backwards


cdef struct Period:
    int64_t number
    int64_t band
    bint is_open
    bint unsettled              # a line may have opened between resting orders since they were last matched
    Queue* queues               # [side * zones + zone]
    int64_t* room               # [step] headroom of a line in that direction, Wh; may be negative
    int64_t* flow               # [line] net flow, Wh


cdef enum UndoKind:
    UNDO_ADD
    UNDO_TAKE
    UNDO_ENERGY
    UNDO_LINE
    UNDO_OPEN
    UNDO_CLOSE


cdef struct Undo:
    int64_t period              # number
    int64_t id                  # of the order; the line in UNDO_LINE; the band in UNDO_CLOSE
    int64_t first               # key | energy | flow
    int64_t second              # energy | room forward
    int64_t third               # room backward
    uint8_t kind
    uint8_t side
    uint8_t zone
    uint16_t mask


cdef struct State:
    uint32_t zones
    uint32_t lines
    uint32_t bands              # known
    uint32_t bands_room         # allocated
    Way* ways                   # [offer zone * zones + bid zone]
    int64_t* adders             # [band][offer zone][bid zone], micro per kWh
    Pool pool
    Map ids                     # order id -> place in the pool
    Map numbers                 # period -> slot + 1
    Period* periods
    uint32_t slots
    Undo* journal
    uint64_t journal_used
    uint64_t journal_room
    bint recording
    int64_t* fills              # [FILL_COLUMNS] each
    uint64_t fills_used
    uint64_t fills_room


cdef inline int reserve(State* s) noexcept nogil:
    # Memory for the largest step: one fill, one new order, and the inverse of 8 lines, two reduced orders and the new one.
    cdef uint64_t room
    cdef void* grown
    if s.fills_used == s.fills_room:
        room = s.fills_room * 2 + 64
        grown = realloc(s.fills, room * FILL_COLUMNS * sizeof(int64_t))
        if grown == NULL:
            return -1
        s.fills = <int64_t*>grown
        s.fills_room = room
    if s.recording and s.journal_used + MOST_STEPS + 4 > s.journal_room:
        room = s.journal_room * 2 + 256
        grown = realloc(s.journal, room * sizeof(Undo))
        if grown == NULL:
            return -1
        s.journal = <Undo*>grown
        s.journal_room = room
    if pool_reserve(&s.pool) or map_reserve(&s.ids):
        return -1
    return 0


cdef inline Undo* note(State* s, uint8_t kind, int64_t period, int64_t id) noexcept nogil:
    cdef Undo* undo = &s.journal[s.journal_used]
    s.journal_used += 1
    undo.kind = kind
    undo.period = period
    undo.id = id
    return undo


cdef inline Period* find_period(State* s, int64_t number) noexcept nogil:
    # The open period of that number, NULL when there is none.
    cdef uint32_t slot = map_get(&s.numbers, number)
    return &s.periods[slot - 1] if slot else NULL


cdef inline void add_order(
    State* s, Period* p, int64_t id, int side, int zone, uint16_t mask, int64_t key, int64_t energy_wh
) noexcept nogil:
    # An order starts to rest; reserve came before.
    cdef uint32_t place = pool_take(&s.pool)
    cdef Order* order = &s.pool.at[place]
    order.key = key
    order.id = id
    order.energy_wh = energy_wh
    order.period = <uint32_t>(p - s.periods)
    order.mask = mask
    order.side = <uint8_t>side
    order.zone = <uint8_t>zone
    map_put(&s.ids, id, place)
    queue_add(s.pool.at, &p.queues[<uint32_t>side * s.zones + <uint32_t>zone], place)
    if s.recording:
        note(s, UNDO_ADD, p.number, id)


cdef inline void take_order(State* s, Period* p, uint32_t place) noexcept nogil:
    # An order stops to rest; reserve came before.
    cdef Order* order = &s.pool.at[place]
    cdef Undo* undo
    if s.recording:
        undo = note(s, UNDO_TAKE, p.number, order.id)
        undo.first = order.key
        undo.second = order.energy_wh
        undo.side = order.side
        undo.zone = order.zone
        undo.mask = order.mask
    queue_drop(s.pool.at, &p.queues[order.side * s.zones + order.zone], place)
    map_drop(&s.ids, order.id)
    pool_give(&s.pool, place)


cdef inline void reduce_order(State* s, Period* p, uint32_t place, int64_t energy_wh) noexcept nogil:
    # Part or all of a resting order is filled; reserve came before.
    cdef Order* order = &s.pool.at[place]
    if order.energy_wh == energy_wh:
        take_order(s, p, place)
        return
    if s.recording:
        note(s, UNDO_ENERGY, p.number, order.id).first = order.energy_wh
    order.energy_wh -= energy_wh


cdef inline void set_line(State* s, Period* p, uint32_t line, int64_t flow, int64_t forward, int64_t backward) noexcept nogil:
    # Flow and both headrooms of a line; reserve came before.
    cdef Undo* undo
    if s.recording:
        undo = note(s, UNDO_LINE, p.number, line)
        undo.first = p.flow[line]
        undo.second = p.room[2 * line]
        undo.third = p.room[2 * line + 1]
    if (forward > 0 and p.room[2 * line] <= 0) or (backward > 0 and p.room[2 * line + 1] <= 0):
        p.unsettled = True
    p.flow[line] = flow
    p.room[2 * line] = forward
    p.room[2 * line + 1] = backward


cdef inline int open_slot(State* s, int64_t number, int64_t band) noexcept nogil:
    # A new period with empty queues and no capacity; -1 when there is no memory.
    cdef uint32_t slot = 0
    cdef void* grown
    cdef char* block
    cdef Period* p
    cdef size_t queues = 2 * s.zones * sizeof(Queue)
    while slot < s.slots and s.periods[slot].is_open:
        slot += 1
    if slot == s.slots:
        grown = realloc(s.periods, (slot + 1) * sizeof(Period))
        if grown == NULL:
            return -1
        s.periods = <Period*>grown
        s.periods[slot].is_open = False
        s.slots += 1
    if reserve(s) or map_reserve(&s.numbers):
        return -1
    block = <char*>calloc(1, queues + 3 * s.lines * sizeof(int64_t))
    if block == NULL:
        return -1
    p = &s.periods[slot]
    p.number = number
    p.band = band
    p.is_open = True
    p.unsettled = False
    p.queues = <Queue*>block
    p.room = <int64_t*>(block + queues)
    p.flow = p.room + 2 * s.lines
    map_put(&s.numbers, number, slot + 1)
    if s.recording:
        note(s, UNDO_OPEN, number, 0)
    return 0


cdef inline void close_slot(State* s, Period* p) noexcept nogil:
    # Forget a period whose queues are empty and whose lines are set to nothing; reserve came before.
    if s.recording:
        note(s, UNDO_CLOSE, p.number, p.band)
    map_drop(&s.numbers, p.number)
    free(p.queues)
    p.is_open = False


cdef inline int undo_to(State* s, uint64_t mark) noexcept nogil:
    # Play the journal backwards to the length `mark`; -1 when there is no memory to bring a closed period back, to be tried again.
    # Recording is off meanwhile.
    cdef Undo* undo
    cdef Period* p
    cdef Order* order
    while s.journal_used > mark:
        undo = &s.journal[s.journal_used - 1]
        if undo.kind == UNDO_CLOSE:
            if open_slot(s, undo.period, undo.id):
                return -1
        p = find_period(s, undo.period)
        # Which lines opened in between is not recorded; looking once more for crossed orders changes nothing.
        p.unsettled = True
        if undo.kind == UNDO_ADD:
            take_order(s, p, map_get(&s.ids, undo.id))
        elif undo.kind == UNDO_TAKE:
            if reserve(s):
                return -1
            add_order(s, p, undo.id, undo.side, undo.zone, undo.mask, undo.first, undo.second)
        elif undo.kind == UNDO_ENERGY:
            order = &s.pool.at[map_get(&s.ids, undo.id)]
            order.energy_wh = undo.first
        elif undo.kind == UNDO_LINE:
            set_line(s, p, <uint32_t>undo.id, undo.first, undo.second, undo.third)
        elif undo.kind == UNDO_OPEN:
            close_slot(s, p)
        s.journal_used -= 1
    return 0


cdef struct Level:
    uint64_t mark               # length of the journal at begin()
    int64_t last_id             # of the books at begin(), and so the next
    int64_t pending_wh


# Bound of every price, adder, energy and capacity, so that no sum in the loop leaves 64 bits.
cdef extern from *:
    """
    #define GRIDNODE_MOST INT64_C(1000000000000000)
    #define GRIDNODE_ALL_SOURCES 0xFFFF
    """
    const int64_t MOST "GRIDNODE_MOST"
    const int64_t ALL_SOURCES "GRIDNODE_ALL_SOURCES"

cdef int64_t whole(object value, str name, int64_t least, int64_t most) except? -1


cdef class Ledger:
    cdef State s
    cdef int64_t last_id       # highest order id seen
    cdef int64_t pending_wh    # what was left of it and does not rest
    cdef Level[MOST_LEVELS] saved
    cdef int levels            # begin() that wait for their commit or rollback

    cdef int load_ways(self, object paths) except -1
    cdef int64_t* band_room(self) except NULL
    cdef int64_t unused_band(self) except -1
    cdef Period* period_of(self, object period) except NULL
    cdef int check_order(self, int64_t side, int64_t zone, int64_t mask) except -1
    cdef int end_level(self) except -1
    cdef Queue* queue_of(self, object period, object side, object zone) except NULL
    cdef list walk(self, Queue* queue, int64_t most)
