"""The sparse Merkle tree of one module: a batch of changes, and the path of one key. Rules and reference: gridnode.state.

The tree is kept in rows that the caller stores: buckets of leaves and pages of inner nodes, named by module, depth and path. Which
rows there are and what they hold depends on the content of the tree alone, not on how it came about. A call touches the rows
on the paths of its keys, reads each through `load`, and leaves what it changes in a dict; it stores nothing itself.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc, qsort
from libc.string cimport memcmp, memcpy, memset

from gridnode._native.sha256 cimport sha256

ctypedef const uint8_t* Bits


cdef struct Change:
    Leaf leaf
    bint present  # False deletes the leaf


cdef int by_key(const void* one, const void* other) noexcept nogil:
    return memcmp(one, other, 32)


cdef bytes row_name(int module, int depth, Bits path):
    """Name of the row of the node at `depth` bits of `path`."""
    cdef uint8_t name[34]
    cdef int size = (depth + 7) >> 3
    name[0], name[1] = module, depth
    memcpy(name + 2, path, size)
    if depth & 7:
        name[1 + size] &= 0xFF << (8 - (depth & 7)) & 0xFF
    return PyBytes_FromStringAndSize(<char*>name, 2 + size)


cdef bytes read_row(object load, bytes name):
    data = load(name)
    if type(data) is not bytes:
        raise ValueError(f"expected the tree row {name.hex()}, there is none")
    return data


cdef Py_ssize_t read_bucket(bytes data, Py_ssize_t count, Leaf* leaves) except -1:
    """Copy a bucket's leaves; raises ValueError unless they are `count` in ascending order."""
    cdef Py_ssize_t index
    if PyBytes_GET_SIZE(data) != count * <Py_ssize_t>sizeof(Leaf):
        raise ValueError(f"expected a bucket of {count} leaves, got {len(data)} bytes")
    memcpy(leaves, PyBytes_AS_STRING(data), count * sizeof(Leaf))
    for index in range(1, count):
        if memcmp(leaves[index - 1].key, leaves[index].key, 32) >= 0:
            raise ValueError("expected a bucket in ascending order")
    return count


cdef int read_page(bytes data, const Slot* root, Page* page) except -1:
    """Take a page apart below its root; raises ValueError unless its bytes are whole."""
    cdef Bits start = <Bits>PyBytes_AS_STRING(data)
    cdef Bits end = start + PyBytes_GET_SIZE(data)
    page.slots[1] = root[0]
    if read_children(page, 1, start, end) != end:
        raise ValueError(f"expected a whole page, got {len(data)} bytes")
    return 0


cdef int read_root(bytes root, Slot* slot) except -1:
    if PyBytes_GET_SIZE(root) != SLOT_BYTES:
        raise ValueError(f"expected a root of {SLOT_BYTES} bytes, got {len(root)}")
    slot.count = read_count(<Bits>PyBytes_AS_STRING(root))
    memcpy(slot.digest, PyBytes_AS_STRING(root) + 4, 32)
    return 0


cdef class _Batch:
    """One update of one tree while it runs."""

    cdef object load
    cdef dict writes
    cdef int module
    cdef Change* changes

    def __dealloc__(self):
        free(self.changes)

    cdef bytes row(self, bytes name):
        """A row as this batch left it, or as it is stored; rows on the way down have not been changed yet."""
        if name in self.writes:
            return read_row(self.writes.get, name)
        return read_row(self.load, name)

    cdef int visit(self, Page* page, int index, int depth, Py_ssize_t low, Py_ssize_t high) except -1:
        """Apply the changes from `low` to below `high`, which all lie below this node."""
        cdef Page below
        cdef Slot* slot = &page.slots[index]
        cdef bytes name
        if slot.count <= BUCKET:
            return self.rewrite(page, index, depth, low, high)
        if index < LOWEST:
            return self.descend(page, index, depth, low, high)
        name = row_name(self.module, depth, self.changes[low].leaf.key)
        read_page(read_row(self.load, name), slot, &below)
        self.descend(&below, 1, depth, low, high)
        slot[0] = below.slots[1]
        if slot.count > BUCKET:
            self.save_page(name, &below)
        return 0

    cdef int descend(self, Page* page, int index, int depth, Py_ssize_t low, Py_ssize_t high) except -1:
        """Apply changes below an expanded node; when few enough leaves are left, it becomes a bucket."""
        cdef Py_ssize_t start = low, end = high, middle
        while start < end:
            middle = (start + end) >> 1
            if bit_at(self.changes[middle].leaf.key, depth):
                end = middle
            else:
                start = middle + 1
        if low < start:
            self.visit(page, 2 * index, depth + 1, low, start)
        else:
            fold(page, 2 * index)
        if start < high:
            self.visit(page, 2 * index + 1, depth + 1, start, high)
        else:
            fold(page, 2 * index + 1)
        combine(page, index)
        if page.slots[index].count <= BUCKET:
            self.collapse(page, index, depth, self.changes[low].leaf.key)
        return 0

    cdef int collapse(self, const Page* page, int index, int depth, Bits path) except -1:
        """Join the buckets of a node's two children: together they fit into one."""
        cdef uint8_t child[32]
        cdef int side
        cdef bytes data = b"", name
        memcpy(child, path, 32)
        for side in range(2):
            if page.slots[2 * index + side].count:
                child[depth >> 3] &= ~(1 << (7 - (depth & 7))) & 0xFF
                child[depth >> 3] |= side << (7 - (depth & 7))
                name = row_name(self.module, depth + 1, child)
                data += self.row(name)
                self.writes[name] = None
        if data or index == 1:  # a page's root had a row of this name: the page
            self.writes[row_name(self.module, depth, path)] = data or None
        return 0

    cdef int rewrite(self, Page* page, int index, int depth, Py_ssize_t low, Py_ssize_t high) except -1:
        """Apply changes to a bucket, or to nothing."""
        cdef Py_ssize_t old = page.slots[index].count, position = 0, count = 0
        cdef int order
        cdef Leaf before[BUCKET]
        cdef Leaf* after = <Leaf*>malloc((old + high - low) * sizeof(Leaf))
        if after == NULL:
            raise MemoryError
        try:
            name = row_name(self.module, depth, self.changes[low].leaf.key)
            if old:
                read_bucket(read_row(self.load, name), old, before)
            while low < high or position < old:
                order = -1 if low == high else 1 if position == old else memcmp(
                    before[position].key, self.changes[low].leaf.key, 32
                )
                if order < 0:
                    after[count] = before[position]
                    count += 1
                elif self.changes[low].present:
                    after[count] = self.changes[low].leaf
                    count += 1
                position += order <= 0
                low += order >= 0
            if old and (count == 0 or (count > BUCKET and index < LOWEST)):
                self.writes[name] = None
            self.grow(page, index, depth, after, count)
        finally:
            free(after)
        return 0

    cdef int grow(self, Page* page, int index, int depth, const Leaf* leaves, Py_ssize_t count) except -1:
        """Make a node of its leaves, all of them given."""
        cdef Page below
        cdef Slot* slot = &page.slots[index]
        cdef Py_ssize_t left
        cdef bytes name
        if count <= BUCKET:
            slot.count = <uint32_t>count
            hash_leaves(leaves, count, depth, slot.digest)
            if count:
                name = row_name(self.module, depth, leaves.key)
                self.writes[name] = PyBytes_FromStringAndSize(<const char*>leaves, count * sizeof(Leaf))
        elif index < LOWEST:
            left = left_size(leaves, count, depth)
            self.grow(page, 2 * index, depth + 1, leaves, left)
            self.grow(page, 2 * index + 1, depth + 1, leaves + left, count - left)
            combine(page, index)
        else:
            self.grow(&below, 1, depth, leaves, count)
            slot[0] = below.slots[1]
            self.save_page(row_name(self.module, depth, leaves.key), &below)
        return 0

    cdef int save_page(self, bytes name, const Page* page) except -1:
        cdef uint8_t data[PAGE_BYTES]
        cdef uint8_t* end = write_children(page, 1, data)
        self.writes[name] = PyBytes_FromStringAndSize(<char*>data, end - data)
        return 0


def update(object load, int module, bytes root not None, list rows not None, dict writes not None) -> bytes:
    """Apply changed rows (key, value or None) of one module to its tree; returns the new root (count and hash, 36 bytes).

    `load` returns the stored tree row of a name, or None. Changed tree rows go to `writes`, None for those that are gone.
    Raises ValueError when the stored rows are not those of a tree with this root.
    """
    cdef _Batch batch = _Batch.__new__(_Batch)
    cdef Page top
    cdef uint8_t out[SLOT_BYTES]
    cdef Py_ssize_t index, count = len(rows)
    cdef bytes key, value
    batch.load, batch.module, batch.writes = load, module, writes
    batch.changes = <Change*>malloc((count or 1) * sizeof(Change))
    if batch.changes == NULL:
        raise MemoryError
    for index in range(count):
        key, value = rows[index]
        sha256(<Bits>PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key), batch.changes[index].leaf.key)
        batch.changes[index].present = value is not None
        if value is not None:
            sha256(<Bits>PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value), batch.changes[index].leaf.value)
    qsort(batch.changes, count, sizeof(Change), by_key)
    for index in range(1, count):
        if by_key(&batch.changes[index - 1], &batch.changes[index]) == 0:
            raise ValueError("expected each key once")
    read_root(root, &top.slots[LOWEST])
    if count:
        batch.visit(&top, LOWEST, 0, 0, count)
    memset(out, 0, SLOT_BYTES)
    write_slot(&top.slots[LOWEST], True, out)
    return out[:SLOT_BYTES]


def path(object load, int module, bytes root not None, bytes key_hash not None) -> tuple[list[bytes], bytes]:
    """Hashes beside the way to `key_hash`, from the root down, and the leaf at its end (64 bytes, or none).

    Raises ValueError when the stored rows are not those of a tree with this root.
    """
    cdef Page page
    cdef Slot slot
    cdef Leaf leaves[BUCKET]
    cdef Bits bits = <Bits>PyBytes_AS_STRING(key_hash)
    cdef int depth = 0, index
    if PyBytes_GET_SIZE(key_hash) != 32:
        raise ValueError(f"expected a key hash of 32 bytes, got {len(key_hash)}")
    siblings = []
    memset(&slot, 0, sizeof(Slot))
    read_root(root, &slot)
    while slot.count > BUCKET:
        read_page(read_row(load, row_name(module, depth, bits)), &slot, &page)
        fold(&page, 1)
        if memcmp(&page.slots[1], &slot, sizeof(Slot)):
            raise ValueError(f"expected a page that hashes to what the one above says, at depth {depth}")
        index = 1
        while expanded(&page, index):
            index = 2 * index + bit_at(bits, depth)
            depth += 1
            siblings.append(<bytes>page.slots[index ^ 1].digest[:32])
        slot = page.slots[index]
    if slot.count:
        read_bucket(read_row(load, row_name(module, depth, bits)), slot.count, leaves)
    return siblings, bucket_path(leaves, slot.count, depth, bits, siblings)


cdef bytes bucket_path(Leaf* leaves, Py_ssize_t count, int depth, Bits bits, list siblings):
    """Go on within a bucket: add the hashes beside the way, return the leaf at its end."""
    cdef uint8_t beside[32]
    cdef Py_ssize_t left
    while count > 1:
        left = left_size(leaves, count, depth)
        if bit_at(bits, depth):
            hash_leaves(leaves, left, depth + 1, beside)
            leaves, count = leaves + left, count - left
        else:
            hash_leaves(leaves + left, count - left, depth + 1, beside)
            count = left
        siblings.append(<bytes>beside[:32])
        depth += 1
    return PyBytes_FromStringAndSize(<char*>leaves, count * sizeof(Leaf))
