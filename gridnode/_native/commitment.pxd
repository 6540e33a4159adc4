"""C side of the state tree: leaves, the slots of a page, their hashes, and the bytes of a page.

A page holds the nodes of three levels below its own root, numbered as in a heap: slot 1 is the root, 2i and 2i+1 are the children of
i. A node of more than BUCKET leaves is expanded: its children follow in the page, or in the next page when it stands at the
page's lowest level (slots 8 to 15). Any other node is a bucket: its leaves are a row of their own.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy, memset

from gridnode._native.sha256 cimport sha256

cdef enum:
    BUCKET = 8  # leaves of a bucket at most
    LOWEST = 8  # first slot of a page's lowest level
    SLOTS = 16
    SLOT_BYTES = 36  # count, big-endian, and hash
    PAGE_BYTES = 8 * SLOT_BYTES + 6 * 4  # at most: all of the lowest level, and the counts above it

cdef struct Leaf:
    uint8_t key[32]  # hash of the row's key
    uint8_t value[32]  # hash of the row's value

cdef struct Slot:
    uint32_t count  # leaves below
    uint8_t digest[32]  # zeros when there are none

cdef struct Page:
    Slot slots[SLOTS]


cdef inline int bit_at(const uint8_t* key, int depth) noexcept nogil:
    return key[depth >> 3] >> (7 - (depth & 7)) & 1


cdef inline Py_ssize_t left_size(const Leaf* leaves, Py_ssize_t count, int depth) noexcept nogil:
    """How many of the sorted `leaves`, which agree in their first `depth` bits, have 0 as the next one."""
    cdef Py_ssize_t low = 0, high = count, middle
    while low < high:
        middle = (low + high) >> 1
        if bit_at(leaves[middle].key, depth):
            high = middle
        else:
            low = middle + 1
    return low


cdef inline void hash_node(const uint8_t* left, const uint8_t* right, uint8_t* digest) noexcept nogil:
    cdef uint8_t data[65]
    data[0] = 1
    memcpy(data + 1, left, 32)
    memcpy(data + 33, right, 32)
    sha256(data, 65, digest)


cdef inline void hash_leaf(const Leaf* leaf, uint8_t* digest) noexcept nogil:
    cdef uint8_t data[65]
    data[0] = 0
    memcpy(data + 1, leaf, 64)
    sha256(data, 65, digest)


cdef inline void hash_leaves(const Leaf* leaves, Py_ssize_t count, int depth, uint8_t* digest) noexcept nogil:
    """Hash of the subtree at `depth` that holds these sorted leaves."""
    cdef uint8_t below[64]
    cdef Py_ssize_t left
    if count == 0:
        memset(digest, 0, 32)
    elif count == 1:
        hash_leaf(leaves, digest)
    else:
        left = left_size(leaves, count, depth)
        hash_leaves(leaves, left, depth + 1, below)
        hash_leaves(leaves + left, count - left, depth + 1, below + 32)
        hash_node(below, below + 32, digest)


cdef inline void combine(Page* page, int index) noexcept nogil:
    """Count and hash of an expanded node from those of its children."""
    cdef Slot* slot = &page.slots[index]
    cdef const Slot* left = &page.slots[2 * index]
    cdef const Slot* right = &page.slots[2 * index + 1]
    slot.count = left.count + right.count
    if slot.count > 1:
        hash_node(left.digest, right.digest, slot.digest)
    elif left.count:
        memcpy(slot.digest, left.digest, 32)
    else:
        memcpy(slot.digest, right.digest, 32)


cdef inline bint expanded(const Page* page, int index) noexcept nogil:
    """Whether the children of a node stand in the same page."""
    return index < LOWEST and page.slots[index].count > BUCKET


cdef inline void fold(Page* page, int index) noexcept nogil:
    """Hash of a node whose children are right; pages store only the hashes of nodes that are not expanded."""
    if expanded(page, index):
        fold(page, 2 * index)
        fold(page, 2 * index + 1)
        combine(page, index)


cdef inline uint32_t read_count(const uint8_t* data) noexcept nogil:
    return (<uint32_t>data[0] << 24) | (<uint32_t>data[1] << 16) | (<uint32_t>data[2] << 8) | data[3]


cdef inline uint8_t* write_slot(const Slot* slot, bint whole, uint8_t* out) noexcept nogil:
    """Write a count, and the hash of a node that is not empty when `whole`; returns where the next one begins."""
    cdef int shift
    for shift in range(4):
        out[shift] = (slot.count >> (24 - 8 * shift)) & 0xFF
    if not whole or slot.count == 0:
        return out + 4
    memcpy(out + 4, slot.digest, 32)
    return out + SLOT_BYTES


cdef inline uint8_t* write_children(const Page* page, int index, uint8_t* out) noexcept nogil:
    """Write what is below an expanded node, depth first, left before right; returns where the next byte goes."""
    cdef int child
    for child in range(2 * index, 2 * index + 2):
        out = write_slot(&page.slots[child], not expanded(page, child), out)
        if expanded(page, child):
            out = write_children(page, child, out)
    return out


cdef inline const uint8_t* read_children(
    Page* page, int index, const uint8_t* data, const uint8_t* end
) noexcept nogil:
    """Reverse of `write_children`; NULL when the bytes end too early."""
    cdef int child
    cdef Slot* slot
    for child in range(2 * index, 2 * index + 2):
        slot = &page.slots[child]
        memset(slot, 0, sizeof(Slot))
        if end - data < 4:
            return NULL
        slot.count = read_count(data)
        data += 4
        if expanded(page, child):
            data = read_children(page, child, data, end)
            if data == NULL:
                return NULL
        elif slot.count:
            if end - data < 32:
                return NULL
            memcpy(slot.digest, data, 32)
            data += 32
    return data
