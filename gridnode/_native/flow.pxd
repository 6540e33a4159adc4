# Flows in a small net: how much can be pushed from one node to another, over edges whose flow lies between two bounds.
#
# An edge is two arcs, forward 2 * edge and backward 2 * edge + 1; `room` is what an arc still carries, and pushing over one gives its
# twin the same room. Pushing is Dinic's algorithm: levels by breadth-first search, then a depth-first search that only steps up a
# level and never tries an arc twice, until no way is left. Its work is bounded by the net alone (nodes^2 x edges), not by amounts,
# and it has no recursion and no memory of its own.

from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy


cdef enum:
    MOST_NODES = 132        # 128 zones, the pools of marginal offers and bids, source and sink
    MOST_EDGES = 1_544      # 1,024 lines; an edge of each zone to both pools and of each node to source and sink; one between the pools


cdef struct Net:
    int nodes
    int edges
    int source                      # feeds what a node has too much
    int sink                        # takes what a node has too little
    int inner                       # edges between other nodes; those of source and sink follow, two a node
    int32_t[MOST_NODES] first       # node -> one arc that leaves it, -1 for none
    int32_t[2 * MOST_EDGES] later   # arc -> another arc that leaves the same node
    int32_t[2 * MOST_EDGES] head    # arc -> the node it leads to
    int64_t[2 * MOST_EDGES] room    # arc -> what it still carries
    int64_t[MOST_EDGES] least       # edge -> bounds of its flow
    int64_t[MOST_EDGES] most
    int64_t[MOST_NODES] excess      # what a node has too much, once every edge carries its least
    int64_t spare                   # what the last `carry` left with nodes that have too much
    int64_t lacking                 # and what it did not bring to those that have too little
    int64_t[2 * MOST_EDGES] kept_room   # a state to go back to
    int64_t[MOST_EDGES] kept_least
    int32_t[MOST_NODES] level       # distance from where the last search began, -1 when not reached
    int32_t[MOST_NODES] cursor      # next arc to try
    int32_t[MOST_NODES] queue
    int32_t[MOST_NODES] trail       # arcs from the start of a push to where it is


cdef inline int add_edge(Net* net, int tail, int head) noexcept nogil:
    # A new edge that carries nothing; returns its number.
    cdef int arc = 2 * net.edges
    net.head[arc] = head
    net.head[arc + 1] = tail
    net.later[arc] = net.first[tail]
    net.first[tail] = arc
    net.later[arc + 1] = net.first[head]
    net.first[head] = arc + 1
    net.least[net.edges] = 0
    net.most[net.edges] = 0
    set_room(net, net.edges, 0)
    net.edges += 1
    return net.edges - 1


cdef inline void begin_net(Net* net, int nodes) noexcept nogil:
    # An empty net of `nodes` nodes, the last two of them source and sink.
    cdef int node
    net.nodes = nodes
    net.edges = 0
    net.source = nodes - 2
    net.sink = nodes - 1
    for node in range(nodes):
        net.first[node] = -1


cdef inline void end_net(Net* net) noexcept nogil:
    # Join source and sink to all other nodes; no edge may be added after this.
    cdef int node
    net.inner = net.edges
    for node in range(net.source):
        add_edge(net, net.source, node)
        add_edge(net, node, net.sink)


cdef inline void set_room(Net* net, int edge, int64_t room) noexcept nogil:
    # An edge without flow that carries up to `room`.
    net.room[2 * edge] = room
    net.room[2 * edge + 1] = 0


cdef inline int64_t flow_of(Net* net, int edge) noexcept nogil:
    return net.least[edge] + net.room[2 * edge + 1]


cdef inline void reach(Net* net, int start, bint forward) noexcept nogil:
    # Set `level` of the nodes that a push from `start` reaches, or (not forward) from which a push reaches `start`.
    cdef int taken = 0
    cdef int waiting = 1
    cdef int node, arc
    for node in range(net.nodes):
        net.level[node] = -1
    net.level[start] = 0
    net.queue[0] = start
    while taken < waiting:
        node = net.queue[taken]
        taken += 1
        arc = net.first[node]
        while arc >= 0:
            if net.level[net.head[arc]] < 0 and net.room[arc if forward else arc ^ 1] > 0:
                net.level[net.head[arc]] = net.level[node] + 1
                net.queue[waiting] = net.head[arc]
                waiting += 1
            arc = net.later[arc]


cdef inline int upward(Net* net, int node) noexcept nogil:
    # The next arc of `node` that leads a level up, -1 when none is left; those passed over are not tried again.
    cdef int arc = net.cursor[node]
    while arc >= 0 and (net.room[arc] == 0 or net.level[net.head[arc]] != net.level[node] + 1):
        arc = net.later[arc]
    net.cursor[node] = arc
    return arc


cdef inline int64_t send(Net* net, int depth, int64_t amount) noexcept nogil:
    # Push along the trail as much as its arcs carry, at most `amount`; returns how much.
    cdef int at
    for at in range(depth):
        if net.room[net.trail[at]] < amount:
            amount = net.room[net.trail[at]]
    for at in range(depth):
        net.room[net.trail[at]] -= amount
        net.room[net.trail[at] ^ 1] += amount
    return amount


cdef inline int64_t push_levels(Net* net, int start, int end, int64_t amount) noexcept nogil:
    # Push over ways that step up a level each time, until none is left or `amount` is through; returns how much went.
    cdef int64_t pushed = 0
    cdef int depth = 0
    cdef int node = start
    cdef int arc
    while pushed < amount:
        if node == end:
            pushed += send(net, depth, amount - pushed)
            depth = 0
            node = start
            continue
        arc = upward(net, node)
        if arc >= 0:
            net.trail[depth] = arc
            depth += 1
            node = net.head[arc]
        elif depth == 0:
            break
        else:  # a dead end: nobody goes there again
            net.level[node] = -1
            depth -= 1
            node = net.head[net.trail[depth] ^ 1]
    return pushed


cdef inline int64_t push(Net* net, int start, int end, int64_t amount) noexcept nogil:
    # Push up to `amount` from one node to another; returns how much went.
    cdef int64_t pushed = 0
    cdef int node
    while pushed < amount:
        reach(net, start, True)
        if net.level[end] < 0:
            break
        for node in range(net.nodes):
            net.cursor[node] = net.first[node]
        pushed += push_levels(net, start, end, amount - pushed)
    return pushed


cdef inline void carry(Net* net, int64_t* surplus) noexcept nogil:
    # Carry the surplus of each node, negative where it lacks, over the inner edges from their bounds' lower ends, as far as it goes.
    # What could not be carried is left in `spare` and `lacking`, and the room of the edges of source and sink says where.
    cdef int64_t pushed
    cdef int edge, node
    net.spare = 0
    net.lacking = 0
    for node in range(net.source):
        net.excess[node] = surplus[node]
    for edge in range(net.inner):
        set_room(net, edge, net.most[edge] - net.least[edge])
        net.excess[net.head[2 * edge]] += net.least[edge]
        net.excess[net.head[2 * edge + 1]] -= net.least[edge]
    for node in range(net.source):
        set_room(net, net.inner + 2 * node, net.excess[node] if net.excess[node] > 0 else 0)
        set_room(net, net.inner + 2 * node + 1, -net.excess[node] if net.excess[node] < 0 else 0)
        net.spare += net.room[2 * (net.inner + 2 * node)]
        net.lacking += net.room[2 * (net.inner + 2 * node + 1)]
    pushed = push(net, net.source, net.sink, net.spare)
    net.spare -= pushed
    net.lacking -= pushed


cdef inline void seal(Net* net) noexcept nogil:
    # After a full `carry`: let nothing pass through source and sink any more, so that what nodes have and lack stays as it is.
    cdef int edge
    for edge in range(net.inner, net.edges):
        set_room(net, edge, 0)


cdef inline void hold(Net* net, int edge, int64_t least) noexcept nogil:
    # Demand `least` of an edge, within its bounds, at the cost of any other edge; of what cannot be had, demand all that can.
    cdef int64_t flow = flow_of(net, edge)
    cdef int64_t room = net.room[2 * edge]
    cdef int64_t more = 0
    if flow < least:
        set_room(net, edge, 0)
        more = push(net, net.head[2 * edge], net.head[2 * edge + 1], least - flow)
    net.least[edge] = min(least, flow + more)
    net.room[2 * edge] = room - more
    net.room[2 * edge + 1] = flow + more - net.least[edge]


cdef inline int64_t raise_flow(Net* net, int edge) noexcept nogil:
    # Give an edge the greatest flow it can have, at the cost of any other edge, and fix it there; returns that flow.
    hold(net, edge, net.most[edge])
    net.most[edge] = net.least[edge]
    set_room(net, edge, 0)
    return net.least[edge]


cdef inline void keep(Net* net) noexcept nogil:
    # Remember the bounds and flows of all edges.
    memcpy(net.kept_least, net.least, net.edges * sizeof(int64_t))
    memcpy(net.kept_room, net.room, 2 * net.edges * sizeof(int64_t))


cdef inline void restore(Net* net) noexcept nogil:
    # Go back to what was last kept.
    memcpy(net.least, net.kept_least, net.edges * sizeof(int64_t))
    memcpy(net.room, net.kept_room, 2 * net.edges * sizeof(int64_t))
