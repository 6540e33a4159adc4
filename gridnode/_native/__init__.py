"""Compiled kernels: the few inner loops where Python is too slow, integers in and integers out.

A kernel knows no chain, no account and no file. Beside each one stands the obvious Python version of the same rules, and a property
test that compares the two; whoever changes a rule changes both. Kernels check what they are given and raise ValueError saying what
was expected, before anything is changed.

    book.pyx      Books: the continuous order books            reference: gridnode.modules.market.reference.ReferenceBooks
    ledger.pyx    Ledger: what the books remember, queries, journal; ledger.pxd its C side
    matching.pxd  the matching loop
    queue.pxd     one queue of orders, a balanced tree
    orders.pxd    the pool of resting orders and the map from ids
    auction.pyx   clear: the call auction                      reference: gridnode.modules.market.auction_reference, rules: .auction
    descent.pxd   zonal prices of maximal welfare
    selection.pxd the choice among clearings of equal welfare
    spread.pxd    the prices handed out
    curves.pxd    the sorted orders of each zone
    flow.pxd      pushes through a small net
    commitment.pyx  update, path: the sparse Merkle tree of the state   reference: gridnode.state.reference_tree, rules: gridnode.state
    commitment.pxd  its hashes and the bytes of its pages
    sha256.pyx    SHA-256 without a Python object for each digest; of OpenSSL, else of libsodium

The continuous books: concepts

- A period (market time unit, MTU) has a book: for each side and zone a queue of resting orders, best price first, then lowest id.
- An order has an id, which is its priority in time and grows strictly, a side (BID 0, OFFER 1), a zone, a mask of sources, a limit
  price in micro per kWh (it may be negative) and energy in Wh. An offer's mask is its one source, a bid's mask all it accepts.
- The adder of offer zone, bid zone and tariff band (wheeling and losses of the way, 0 or more) comes on top of the seller's price:
  the seller gets p, the buyer pays p + adder. `add_band` takes the adders of a band and gives its number, that of an equal band if one
  is known. Numbers are a matter of one Books object: two of them, one rebuilt after a restart, may number the same bands differently,
  so a number is asked for right before a period is opened with it and never stored, compared or sent; no fill depends on it. Of the
  4,096 numbers those that no open period uses are given out anew when all are taken, so a node may run for years.
- Each ordered pair of zones has one way: up to 8 lines, each with a direction, or none. A line has one net flow f per period, positive
  forward, shared by all trades. Headroom forward is atc_forward - f, backward atc_backward + f, so a trade in one direction frees
  the other (netting). The headroom of a way is the least of its lines; from a zone to itself it is unlimited.
- A pair of offer and bid is *crossed* when bid >= offer + adder, the source is accepted and the way has headroom above 0.

The continuous books: rules

1. The incoming order first trades with resting orders. A bid takes the lowest delivered price (offer + adder), an offer the highest
   net price (bid - adder), ties by lowest id, whatever the zones. A zone to which the way is full is passed over, not waited for.
2. A fill is as large as both orders and the headroom of the way allow. The resting order makes the price: a resting offer gets its
   price and the buyer pays adder on top; a resting bid pays its price and the seller gets it less adder. Nothing is rounded.
3. When the incoming order finds no counterparty, or is used up, resting orders that are crossed, because a fill freed a line between
   them, trade: first the pair with the greatest surplus (bid - offer - adder), then the oldest offer, then the oldest bid. The
   older of the two is the resting one of rule 2, the younger one is the taker. After each such fill rule 1 is tried again.
4. When neither rule finds a fill, what is left of the incoming order rests, or is dropped if it must not rest. So after each `place`
   that is done no pair of the period is crossed: `crossed` returns None.
5. An order may ask for one counterparty. Then rule 1 looks at that resting order alone: they trade if it rests in the period, on the
   other side, is crossed with the order, and the way has headroom; else rule 1 finds nothing. Rule 3 is the same. What is left must
   not rest (ValueError otherwise), because it may be crossed with others, which rule 4 excludes.
6. An order that tries several preferences in turn, such as place(counterparty 7, rest False), place(solar, rest False), place(any,
   rest True), keeps its id: `place` takes the last id again while that order does not rest, with at most the energy that the last
   call left. Every other id must be above the last one.
7. The budget counts fills. Nothing else is counted because the search for a fill is bounded by itself: one descent in the queue of
   each zone, and in rule 3 one in each pair of zones and source. A budget that is spent while a further fill is possible ends the
   call with done False, and the remainder does not rest. If something remains, `place` with the same arguments and the remaining energy
   goes on; if nothing does, `rematch` goes on with rule 3. Both depend on nothing but the content of the books, so they also go on
   in books rebuilt from state, and the fills are those of an uninterrupted call.
8. `set_atc`, `restore` and `restore_flow` change content and match nothing; `rematch` applies rule 3. A capacity may be set below
   the flow; headroom is then negative and nothing passes in that direction until trades against it free the line. `cancel` frees no
   capacity, so it leaves no pair crossed.
9. With source filters two resting pairs can free the same line for each other in turn, a few Wh at a time where its capacity is
   small. That is correct, ends with the energy of the orders, and is why rule 3 is inside the budget.

The continuous books: why so

- A queue is one tree for all masks, whose nodes know the union of masks below them, and not a queue for each mask: a bid may carry any
  of 65,535 masks, and with a queue each, one participant could make every offer look at thousands of heads.
- The tree is balanced by height, not by chance: its depth must hold against people who choose their prices, and equal inputs must
  cost alike on all nodes.
- begin, commit and rollback keep a journal of inverse changes, so a transaction that fails costs what it did and not a copy of the books.
  They nest up to 8 deep, as a block may hold an order that is filled whole or not at all: rollback undoes to its own begin, and what an
  inner commit keeps the outer rollback still undoes.
- A rollback leaves the bands known: a band is only a name of its content, and no later result shows whether it was known before.
- Prices, adders, energies and capacities are at most 10^15 and ids below 2^63, so no sum leaves 64 bits.
"""
