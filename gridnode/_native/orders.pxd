# Resting orders in one growing array, and the map from a number (order id, period) to a place in an array.
#
# An order is named by its index in the array, 32 bits; index 0 is nobody, with height 0 and no sources, so a walk through a
# queue reads a missing child without asking whether it is there. A vacated place is chained through `left` and used again.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memset


cdef struct Order:
    int64_t key         # micro per kWh; an offer's price, a bid's negated: on both sides the lowest key is the best
    int64_t id          # also the priority in time
    int64_t energy_wh   # what is left of it
    uint32_t left       # better orders of the queue
    uint32_t right      # worse ones
    uint32_t period     # slot of its delivery period
    uint16_t mask       # sources: one bit of an offer, the accepted ones of a bid
    uint16_t any        # union of the masks in the subtree
    uint8_t height      # of the subtree, 1 for a leaf
    uint8_t side
    uint8_t zone


cdef struct Pool:
    Order* at
    uint32_t used       # places ever used, place 0 included
    uint32_t room       # places allocated
    uint32_t vacant     # first vacated place, 0 when none
    uint32_t count      # orders in it


cdef struct Slot:
    int64_t key
    uint32_t value      # 0 marks an empty slot


cdef struct Map:
    Slot* slots
    uint64_t size       # a power of two
    uint64_t count
    uint8_t shift       # 64 - log2(size)


cdef inline int pool_reserve(Pool* pool) noexcept nogil:
    # Make sure that one more order fits; -1 when there is no memory. Grows by half, so at most a third is idle.
    cdef uint64_t room
    cdef Order* grown
    if pool.vacant or pool.used < pool.room:
        return 0
    room = <uint64_t>pool.room + (pool.room >> 1) + 64
    if room >> 32:
        return -1
    grown = <Order*>realloc(pool.at, room * sizeof(Order))
    if grown == NULL:
        return -1
    pool.at = grown
    pool.room = <uint32_t>room
    if pool.used == 0:
        memset(&pool.at[0], 0, sizeof(Order))
        pool.used = 1
    return 0


cdef inline uint32_t pool_take(Pool* pool) noexcept nogil:
    # A free place; pool_reserve came before.
    cdef uint32_t place = pool.vacant
    if place:
        pool.vacant = pool.at[place].left
    else:
        place = pool.used
        pool.used += 1
    pool.count += 1
    return place


cdef inline void pool_give(Pool* pool, uint32_t place) noexcept nogil:
    pool.at[place].left = pool.vacant
    pool.vacant = place
    pool.count -= 1


cdef inline uint64_t map_home(Map* map, int64_t key) noexcept nogil:
    # Fibonacci hashing: consecutive numbers, which is what ids and periods are, land far apart and evenly.
    return (<uint64_t>key * <uint64_t>0x9E3779B97F4A7C15) >> map.shift


cdef inline void map_put(Map* map, int64_t key, uint32_t value) noexcept nogil:
    # Enter a key that is not in the map; map_reserve came before.
    cdef uint64_t at = map_home(map, key)
    while map.slots[at].value:
        at = (at + 1) & (map.size - 1)
    map.slots[at].key = key
    map.slots[at].value = value
    map.count += 1


cdef inline int map_reserve(Map* map) noexcept nogil:
    # Make sure that one more key fits with a quarter of the slots empty; -1 when there is no memory.
    cdef Map grown
    cdef uint64_t i
    if map.size and (map.count + 1) * 4 <= map.size * 3:
        return 0
    grown.size = map.size * 2 if map.size else 64
    grown.shift = map.shift - 1 if map.size else 58
    grown.count = 0
    grown.slots = <Slot*>calloc(grown.size, sizeof(Slot))
    if grown.slots == NULL:
        return -1
    for i in range(map.size):
        if map.slots[i].value:
            map_put(&grown, map.slots[i].key, map.slots[i].value)
    free(map.slots)
    map[0] = grown
    return 0


cdef inline uint32_t map_get(Map* map, int64_t key) noexcept nogil:
    # The value of the key, 0 when it is not there.
    cdef uint64_t at
    if map.size == 0:
        return 0
    at = map_home(map, key)
    while map.slots[at].value:
        if map.slots[at].key == key:
            return map.slots[at].value
        at = (at + 1) & (map.size - 1)
    return 0


cdef inline void map_drop(Map* map, int64_t key) noexcept nogil:
    # Remove a key that is in the map, and close the gap so that no probe of another key ends early.
    cdef uint64_t last = map.size - 1
    cdef uint64_t gap = map_home(map, key)
    cdef uint64_t at
    while map.slots[gap].key != key or map.slots[gap].value == 0:
        gap = (gap + 1) & last
    at = gap
    while True:
        at = (at + 1) & last
        if map.slots[at].value == 0:
            break
        if ((at - map_home(map, map.slots[at].key)) & last) >= ((at - gap) & last):
            map.slots[gap] = map.slots[at]
            gap = at
    map.slots[gap].value = 0
    map.count -= 1
