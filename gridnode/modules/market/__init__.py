"""The market: order sheets, books of one delivery period each, continuous matching across zones, firm trades, escrow.

Concepts
    Order        bid or offer of a connection point for one market time unit (MTU). Numbers grow by one and are priority in time.
    Sheet        up to 96 orders of one connection point in one message, taken as a whole or not at all.
    Limit        of an offer: the least the seller takes per kWh. Of a bid: the most the buyer pays for energy delivered in its zone,
                 wheeling and losses of the way included, trade fee not.
    Sources      an offer names the one source of its energy, a bid all that it accepts; bit `source_bit` for each.
    Escrow       what a bid may still cost: remaining Wh x (limit + trade fee). Exact, because Wh x 1e-6 per kWh is 1e-9 THB.
    Trade        seller price p, wheeling w of the way between the zones, fee f, all per kWh: the buyer pays p + w + f, the seller gets p.
                 Firm: what is not delivered is an imbalance, settled at the tariff, and does not undo the trade.
    Period       the book of one MTU: open until gate closure, then its orders expire and nothing more trades.

    sheets.py orders come in | cancels.py and are taken back | matching.py orders meet, in the block's hook | closing.py gates close, in
    the hook | trades.py what a fill writes | escrow.py the money of bids and trades | books.py the kernel's books from the state |
    reference.py the matching rules in plain Python | rules.py handlers, opening state, hook

    A call auction stands ready beside them and is not yet part of the rules: auction.py clears | auction_reference.py the same in plain
    Python | clearing.py its result | price_range.py which prices support it | certificate.py proves a result without the kernel.

Tables
    1 params        () -> parameters
    2 sheets        (first order number) -> Sheet; stays
    3 sheet_ids     (owner, sheet id) -> first order number; stays: the owner's list of orders
    4 orders        (MTU, order number) -> Order; stays
    5 pending       (order number) -> MTU: waits for matching
    6 cancels       (order number) -> MTU: cancelled in this block, still in the kernel's book; empty between blocks
    7 periods       (MTU) -> 0 while open, then the next order to expire; deleted when all have
    8 trades        (MTU, trade number) -> Trade; stays
    9 trade_mtus    (trade number) -> MTU; stays
    10 owner_trades (buyer or seller, trade number) -> MTU; stays
    11 positions    (MTU, point) -> Wh sold and bought; deleted when the point is settled, whose statement has them
    12 escrow       (MTU) -> money held for its bids and unsettled trades; deleted at zero
    13 flows        (line, MTU) -> net flow; stays
    14 statistics   (MTU) -> volume, value, high, low, last; stays
    15 totals       () -> the same over all MTUs
    16 next_order, 17 next_trade, 18 interrupted, 19 barred: see tables.py

Messages
    market.place_sheet    order for one of the sender's connection points
    market.cancel_order   take back what is left of an order
    market.cancel_sheet   the same for every order of a sheet that is still active and before its gate closure

Rules
    1. A sheet is accepted when the point is the sender's and the sender is active; when it bids, the sender owes nothing from
       settlements; the sheet id is new; every entry is in the bounds of the parameters, in an MTU that is open; and the balance covers
       the escrow of all bids together. One bad entry rejects the sheet; code and detail name the first one (`entries[i]`), found
       entry by entry in order.
    2. MTU m is open at chain time t when m <= t // mtu_ms + open_ahead_mtus and t < start(m) - gate_closure_ms.
    3. Orders are numbered in the order of transactions, messages and entries, and wait in `pending`. They are matched in the block's
       hook by the kernel (rules in `gridnode._native`) in ascending number, so an order never overtakes an older one.
    4. The hook runs: cancels, gate closures, matching. A cancel counts at once: it refers to what the last block left of the order,
       gives the escrow back and ends the order before anything of its own block is matched. So makers can always pull out of
       the way, whatever the order of transactions in the block.
    5. Matching is bounded: each order taken up and each fill is one step of `match_steps_per_block`. The rest of `pending` waits for the
       next block; an order that was interrupted goes on first, with the same fills as if it had not been.
    6. At gate closure, t >= start(m) - gate_closure_ms, the period is closed in the kernel and its orders that are not done expire,
       pending ones unmatched; periods in ascending order, orders by number, `expiries_per_block` looked at in a block.
    7. Escrow of a bid is moved when it is placed. A fill gives back fill x (limit - p - w) at the end of the hook and keeps
       fill x (p + w + f) until settlement. Cancel and expiry give back remaining x (limit + fee).
    8. A point may bid and offer in the same MTU, and may trade with itself: nothing is gained by it, and it pays the fee.
    9. Prices are not negative (`price_floor_micro` >= 0); so no offer needs escrow.

Result codes
    `MarketCode`, 7xx, in order of precedence; those of an entry come entry by entry. UNKNOWN_POINT, UNKNOWN_PARTICIPANT and NOT_ACTIVE
    are the registry's.

Parameters
    see `MarketGenesis`: energy bounds, price tick, floor and cap, fee, opening and gate closure, work per block.

Invariants
    Per block: the escrow account's balance changes as `escrow` does, and `escrow` as orders and trades do (checked by settlement, which
    pays out of it); every trade is inside both limits and moves sold, bought and volume of its MTU by its energy; trades never
    change; an order that is done never changes, and what remains of one that is not only falls.
    Whole: the account holds the escrow of all MTUs; volumes are the sums of trades; each line's flow is within its capacity and equals
    the sum of trades over it. Settlement checks escrow of each MTU, and that sold equals bought.
    With the kernel (`check_books`): its books hold exactly the state's open orders and flows; none is crossed unless interrupted.
"""
