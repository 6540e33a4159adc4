# The queue of one side in one zone of one period: orders by (key, id), best first.
#
# A height-balanced (AVL) search tree whose nodes also know the union of the source masks below them. The best order that shares a
# source with a mask is then found in one descent, however many different masks wait in the queue, so nobody can slow the market
# down by posting odd masks; and the depth is bounded without chance (1.45 log2 n), which random priorities could not promise
# where ids and prices are chosen by the public. Loops carry their own stack of at most DEEPEST places; nothing recurses.
# The head is kept beside the root: most searches end there without touching an order.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from gridnode._native.orders cimport Order


cdef enum:
    DEEPEST = 48  # an AVL tree of 2^32 nodes is at most 46 deep


cdef struct Queue:
    uint32_t root
    uint32_t head       # best order
    int64_t head_key
    int64_t head_id
    uint16_t head_mask
    uint16_t any        # union of all masks, 0 when the queue is empty
    uint32_t count


cdef inline bint before(Order* orders, uint32_t a, uint32_t b) noexcept nogil:
    # Whether a is served before b: better key, then older id.
    return orders[a].key < orders[b].key or (orders[a].key == orders[b].key and orders[a].id < orders[b].id)


cdef inline void refresh(Order* orders, uint32_t at) noexcept nogil:
    # Height and union of a node from its children.
    cdef uint32_t left = orders[at].left
    cdef uint32_t right = orders[at].right
    cdef uint8_t higher = orders[left].height
    if orders[right].height > higher:
        higher = orders[right].height
    orders[at].height = higher + 1
    orders[at].any = orders[at].mask | orders[left].any | orders[right].any


cdef inline uint32_t turn_right(Order* orders, uint32_t at) noexcept nogil:
    # The left child becomes the parent of `at`; returns it.
    cdef uint32_t up = orders[at].left
    orders[at].left = orders[up].right
    orders[up].right = at
    refresh(orders, at)
    refresh(orders, up)
    return up


cdef inline uint32_t turn_left(Order* orders, uint32_t at) noexcept nogil:
    cdef uint32_t up = orders[at].right
    orders[at].right = orders[up].left
    orders[up].left = at
    refresh(orders, at)
    refresh(orders, up)
    return up


cdef inline uint32_t balanced(Order* orders, uint32_t at) noexcept nogil:
    # Refresh a node whose subtrees are in order and turn it where their heights differ by two; returns the subtree's root.
    cdef uint32_t left = orders[at].left
    cdef uint32_t right = orders[at].right
    cdef int lean = <int>orders[left].height - <int>orders[right].height
    if lean > 1:
        if orders[orders[left].left].height < orders[orders[left].right].height:
            orders[at].left = turn_left(orders, left)
        return turn_right(orders, at)
    if lean < -1:
        if orders[orders[right].right].height < orders[orders[right].left].height:
            orders[at].right = turn_right(orders, right)
        return turn_left(orders, at)
    refresh(orders, at)
    return at


cdef inline void relink(Order* orders, Queue* queue, uint32_t* way, int depth, uint32_t old, uint32_t new) noexcept nogil:
    # Put `new` where `old` hangs, way[depth] being its place: under way[depth - 1], or at the root.
    if depth == 0:
        queue.root = new
    elif orders[way[depth - 1]].left == old:
        orders[way[depth - 1]].left = new
    else:
        orders[way[depth - 1]].right = new


cdef inline void settle_up(Order* orders, Queue* queue, uint32_t* way, int depth, int must) noexcept nogil:
    # Restore balance and unions from way[depth - 1] upwards. Ends early where nothing changed, but not below place `must`.
    cdef uint32_t at, new
    cdef uint8_t height
    cdef uint16_t any
    while depth > 0:
        depth -= 1
        at = way[depth]
        height = orders[at].height
        any = orders[at].any
        new = balanced(orders, at)
        if new != at:
            relink(orders, queue, way, depth, at, new)
        if depth <= must and orders[new].height == height and orders[new].any == any:
            break


cdef inline void renew_head(Order* orders, Queue* queue) noexcept nogil:
    # Read head and union off the tree after its best order left.
    cdef uint32_t at = queue.root
    queue.any = orders[at].any
    if at:
        while orders[at].left:
            at = orders[at].left
        queue.head_key = orders[at].key
        queue.head_id = orders[at].id
        queue.head_mask = orders[at].mask
    queue.head = at


cdef inline void queue_add(Order* orders, Queue* queue, uint32_t new) noexcept nogil:
    # Enter an order whose key, id and mask are set.
    cdef uint32_t[DEEPEST] way
    cdef int depth = 0
    cdef bint is_best = True
    cdef bint goes_left = False
    cdef uint32_t at = queue.root
    cdef uint16_t mask = orders[new].mask
    while at:
        way[depth] = at
        depth += 1
        orders[at].any |= mask
        goes_left = before(orders, new, at)
        if goes_left:
            at = orders[at].left
        else:
            is_best = False
            at = orders[at].right
    orders[new].left = 0
    orders[new].right = 0
    orders[new].height = 1
    orders[new].any = mask
    if depth == 0:
        queue.root = new
    elif goes_left:
        orders[way[depth - 1]].left = new
    else:
        orders[way[depth - 1]].right = new
    settle_up(orders, queue, way, depth, depth)
    queue.any |= mask
    queue.count += 1
    if is_best:
        queue.head = new
        queue.head_key = orders[new].key
        queue.head_id = orders[new].id
        queue.head_mask = mask


cdef inline void queue_drop(Order* orders, Queue* queue, uint32_t old) noexcept nogil:
    # Take an order out; its place in the pool stays as it is.
    cdef uint32_t[DEEPEST] way
    cdef int depth = 0
    cdef int place
    cdef uint32_t at = queue.root
    cdef uint32_t heir
    while at != old:
        way[depth] = at
        depth += 1
        at = orders[at].left if before(orders, old, at) else orders[at].right
    place = depth
    if orders[old].left == 0 or orders[old].right == 0:
        relink(orders, queue, way, place, old, orders[old].left | orders[old].right)
    else:
        # The next worse order takes its place in the tree.
        way[depth] = old
        depth += 1
        heir = orders[old].right
        while orders[heir].left:
            way[depth] = heir
            depth += 1
            heir = orders[heir].left
        relink(orders, queue, way, depth, heir, orders[heir].right)
        orders[heir].left = orders[old].left
        orders[heir].right = orders[old].right
        orders[heir].height = orders[old].height
        orders[heir].any = orders[old].any
        relink(orders, queue, way, place, old, heir)
        way[place] = heir
    settle_up(orders, queue, way, depth, place)
    queue.count -= 1
    if old == queue.head:
        renew_head(orders, queue)
    else:
        queue.any = orders[queue.root].any


cdef inline uint32_t first_match(Order* orders, uint32_t root, uint16_t mask) noexcept nogil:
    # The best order below `root` that shares a source with the mask; one is there.
    cdef uint32_t at = root
    while True:
        if orders[orders[at].left].any & mask:
            at = orders[at].left
        elif orders[at].mask & mask:
            return at
        else:
            at = orders[at].right


cdef inline uint32_t next_order(Order* orders, uint32_t* way, int* depth, uint32_t at) noexcept nogil:
    # Walk a queue best first: start with at = root and depth[0] = 0, go on with the right child of what was returned; 0 ends it.
    while at:
        way[depth[0]] = at
        depth[0] += 1
        at = orders[at].left
    if depth[0] == 0:
        return 0
    depth[0] -= 1
    return way[depth[0]]
