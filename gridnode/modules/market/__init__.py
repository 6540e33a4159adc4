"""The market: one product, the energy of an MTU, traded as orders come and in a call auction, over one ledger of line capacity.

Concepts
    Order        bid or offer of a connection point for one market time unit (MTU). Numbers grow by one and are priority in time.
    Sheet        up to 96 orders of one connection point in one message, taken as a whole or not at all; replaced as a whole.
    Limit        of an offer: the least the seller takes per kWh. Of a bid: the most the buyer pays for energy delivered in its zone,
                 wheeling and congestion rent included, trade fee not.
    Terms        REST, IOC, FOK, POST_ONLY, MARKET (limit from the utility's tariff), AUCTION (in the call auction only).
    Preferences  up to four counterparties that an order tries in turn before anybody else: a partner, sources, or both.
    Sources      an offer names the one source of its energy, a bid all that it accepts; bit `source_bit` for each.
    Escrow       what a bid may still cost: remaining Wh x (limit + trade fee). Exact, because Wh x 1e-6 per kWh is 1e-9 THB.
    Trade        to the seller p; on top from the buyer wheeling w, to the grid's owners, congestion rent r, and fee f; all per kWh.
                 Firm: what is not delivered is an imbalance, settled at the tariff, and does not undo the trade. (A large sale without
                 its device lock is void, see locks.py.)
    Period       the book of one MTU, in one of the phases below; gone when its last order has ended.
    Auction      all orders of an MTU at once, when its gate closes: one price in each zone, which is what sellers there get.
    Path         the lines that energy of an auction takes from a zone to a zone; what its trades have in common.

    Orders come in: sheets.py, entries.py, terms.py, sources.py, market_orders.py, own_orders.py, preferences.py, bounds.py, sales.py; and go:
    replaces.py, cancels.py, deadlines.py. lifecycle.py their rows and lists | matching.py they meet, in the block's hook | trades.py what a
    fill writes | escrow.py the money of bids and trades | locks.py | books.py the kernel's books from the state | reference.py the
    matching rules in plain Python.
    The life of an MTU: periods.py by the clock | closing.py phases, gates, expiry, in the hook | auction_book.py what goes into an auction |
    auctioning.py it is held | pairing.py flows become paths | entering.py paths become trades | flows.py what lines carry | shares.py who
    gets the wheeling of a trade.
    The auction itself, without state: auction.py clears | auction_reference.py the same in plain Python | clearing.py rows and result |
    price_range.py which prices support it | certificate.py proves a result without the kernel | block_clearing.py as blocks tell it.
    rules.py handlers, opening state, hook | queries.py, quotes.py, market_data.py what can be asked, delivered.py as another zone sees it.
    Why: explanation.py of an order, trade_explanation.py of a trade, reach.py whom an order can meet, past_books.py the book as it was,
    benefit.py what the tariff leaves, wording.py in words. Whether it is true is checked from outside, by `gridnode.audit`.

Tables
    1 params        () -> parameters
    2 sheets        (first order number) -> Sheet; stays
    3 sheet_ids     (owner, sheet id) -> first order number of its newest revision; stays: the owner's list of orders
    4 orders        (MTU, order number) -> Order; stays
    5 pending       (order number) -> MTU: waits for matching
    6 cancels       (order number) -> MTU: ended in this block, still in the kernel's book; empty between blocks
    7 periods       (MTU) -> Period: phase, open orders; deleted when all have ended
    8 trades        (MTU, trade number) -> Trade; stays
    9 trade_mtus    (trade number) -> MTU; stays
    10 owner_trades (buyer or seller, trade number) -> MTU; stays
    11 positions    (MTU, point) -> Wh sold and bought; deleted when the point is settled, whose statement has them
    12 escrow       (MTU) -> money held for its bids and unsettled trades; deleted at zero
    13 flows        (line, MTU) -> net flow of continuous trades and of the auction together; stays
    14 statistics   (MTU) -> volume, value, high, low, last; stays
    15 totals       () -> the same over all MTUs
    16 next_order, 17 next_trade, 18 interrupted, 19 barred: see tables.py
    20 open_orders  (MTU, owner, order number) -> side: may still trade
    21 open_counts  (owner, side) -> how many of them
    22 deadlines    (time, order number) -> MTU: good until that time
    23 bounds       (first MTU) -> what orders may say from it on
    24 candles      (MTU in which the match was made) -> statistics; stays
    25 auctions     (MTU) -> Auction: height, time, summary as in the header, volume, value, rent; stays
    26 auction_paths (MTU, number from 1) -> AuctionPath: hops, prices, energy, what of it is not written as trades yet; stays
    27 awards       (MTU, zone number, side, order number) -> Wh accepted and not traded yet; deleted at zero, so empty in the end
    28 locks, 29 locks_closed, 30 voided: see locks.py

Messages
    market.place_sheet      order for one of the sender's connection points
    market.replace_sheet    take back what is left of a sheet and place other orders under its id
    market.cancel_order     take back what is left of an order
    market.cancel_sheet     the same for every order of a sheet that is still active and before its gate closure
    market.cancel_all       the same for all orders of the sender from an MTU on
    market.set_bounds       what orders may say from a later MTU on; from the regulator
    market.acknowledge_lock a device holds energy of a large sale; from a gateway

Rules
    Of orders
    1. A sheet is accepted when the point is the sender's and the sender is active; the sender owes nothing from
       settlements; the sheet id is new, or the revision the next one; every entry is in the bounds of its MTU, which is open, and has
       terms, sources, preferences and deadline that fit its phase; no bid of the sender reaches an offer of the sender for the same
       MTU; the balance covers the escrow of all bids together; and the point can have what it offers (rule 23). One bad entry rejects the sheet; code and detail name the first one
       (`entries[i]`), found entry by entry in order.
    2. MTU m is open at chain time t when m <= t // mtu_ms + open_ahead_mtus and t < start(m) - gate_closure_ms.
    3. Orders are numbered in the order of transactions, messages and entries, and wait in `pending` where matching is continuous. They are
       matched in the block's hook by the kernel (rules in `gridnode._native`) in ascending number, so an order never overtakes an older one.
    4. A cancel counts at once: it refers to what the last block left of the order, gives the escrow back and ends the order before
       anything of its own block is matched. So makers can always pull out of the way, whatever the order of transactions in the block.
    5. Matching is bounded: each order taken up and each fill is one step of `match_steps_per_block`. The rest of `pending` waits for the
       next block; an order that was interrupted goes on first, with the same fills as if it had not been.
    6. Escrow of a bid is moved when it is placed. A fill gives back fill x (limit - p - w - r) at the end of the hook and keeps
       fill x (p + w + r + f) until settlement. An order that ends gives back remaining x (limit + fee).
    7. Prices are not negative (`price_floor_micro` >= 0); so no offer needs escrow.

    Of the life of an MTU
    8. By chain time alone, start(m) being the start of delivery and gate(m) = start(m) - gate_closure_ms:

           mode         up to gate(m) - call_ms     up to gate(m)      from gate(m) on
           continuous   CONTINUOUS (call_ms is 0)   -                  EXPIRING
           auction      CALL                        CALL               CLEARING, ENTERING, EXPIRING
           both         CONTINUOUS                  CALL               CLEARING, ENTERING, EXPIRING

       CONTINUOUS orders are matched as they come. CALL orders come, go and wait, crossed or not. CLEARING no order is taken or cancelled;
       the auction is to be held. ENTERING its trades are being written. EXPIRING orders that are left end. Then the row of `periods` goes,
       and settlement may begin (`are_orders_done`). An order takes the phase that the clock says; a period takes it in the hook of the
       same block. Orders that continuous matching did not reach before the call wait for the auction; those of terms IOC and FOK end.
    9. The hook runs: deadlines, cancels; phases (`call_started`, `period_closed`); at most one auction; its trades; expiries; matching.
       Trades of auctions are steps of `match_steps_per_block` and come before matching, lowest MTU first; what they leave of the steps is
       for matching. `expiries_per_block` orders expire, lowest MTU first, in it by owner and number; a period does not go in a block that
       wrote trades of it, so that no trade is settled in its own block. After an outage the MTUs
       whose gates passed wait their turn, one auction a block, lowest first; a gate that passed with its call phase skips the call.

    Of the auction
    10. What takes part: every open order that takes any source. That is every offer, and bids with all sources; an auction has one product
        and one price, so bids that name sources stay out and expire. In order of number, with what is left of them. A bid enters with
        its limit less the distribution charge of its zone in that MTU, which may make it negative: so a price is what a seller in the zone
        gets, and a buyer pays price + distribution + fee. Lines: both directions of each, forward first, by line number, with the
        capacity that continuous trades left (ATC less the flow in that direction, at least 0) and the wheeling of the MTU.
    11. Without a bid or without an offer that takes part there is nothing to clear: no row, no event, no summary. An auction in which
        nobody agrees is held and told: it has prices.
    12. The clearing is the one that the rules of `auction` single out. Rounding: prices in the middle of an interval round down; nothing
        else is rounded. Before it counts, its certificate is checked; a clearing that fails stops the node.
    13. The summary stands in the block's header (`energy.clearings`), with the RFC 6962 root over the encoded rows in order of number; the
        rows stand in events (`auction_rows`), 512 in each.
    14. Flows become paths: first what is sold and bought in one zone, without lines, zones in order of number; then, from the lowest zone
        with sales left, along the lowest line number with flow left, to the first zone with purchases left. A path has the price of the
        seller's zone, the wheeling of its lines and the distribution of the buyer's zone, and the rent: by what the prices of its two
        zones differ beyond the wheeling of its lines, never below 0. It may have more lines than a way of the kernel.
    15. Paths become trades: for each path in order, offers of its seller zone meet bids of its buyer zone, both in order of number, each as
        far as it was accepted and not traded yet. A trade carries the prices of its path, its number, and the time of the auction. However
        many blocks they take, the trades are the same. Rent x Wh over all trades is the sum over lines of flow x (price difference -
        wheeling), exactly; it goes to the account market/congestion at settlement.

    Of terms
    16. Where matching is continuous an order may have any terms, AUCTION only in a market with auctions; in a call REST, MARKET and
        AUCTION. A bid that waits for an auction, in a call or by its terms, takes any source. All-or-none and block orders are left out
        on purpose: with them an auction has no prices that support it and takes a search over subsets, which no bounded block can
        promise to finish.
    17. REST: what is not matched rests. IOC: it ends (IMMEDIATE). FOK: filled whole or not at all (KILLED), tried in the kernel and
        taken back; when the steps left in a block do not suffice to decide, it is tried again first in the next block, and when those
        of a whole block do not, it is killed; tries are charged. POST_ONLY: ends (POSTED) when it would trade at once, else rests.
        MARKET: as IOC where matching is continuous, and in a call it waits for the auction. AUCTION: is never given to the kernel.
    18. A market order says limit 0. Its limit is what the tariff of its MTU makes of it, so that nobody is worse off than without the
        trade: a bid pays up to the all-in retail price less the trade fee, an offer takes down to the feed-in price, both inside floor
        and cap, bids rounded down to a tick, offers up. Where that leaves no limit, the order is refused (PRICE_OUT_OF_RANGE).
    19. Preferences are tried once, in turn, each against resting orders alone, when the order is matched; then the order meets anybody
        with `sources`, and rests if its terms say so. A partner: the 64 oldest open orders of that account for the MTU, of the other
        side, best delivered price first, then lowest number. Sources named, else the order's own, else (it has none) all. A bid with
        preferences may have sources 0: nothing else, the rest ends (IMMEDIATE). Each attempt is a step, or one for each fill; an
        interruption keeps preference and partner's order. Only REST, IOC and MARKET have preferences. In a call there is nothing to
        prefer: such orders wait as others do, if they take any source, for "anybody" is the last thing they wished for.
    20. `good_until_ms` is after now and not after the gate closure. What is due ends (DATE, expired) in the hook by time, then number,
        `expiries_per_block` in a block; while more is due nothing is matched, and what is due takes no part in an auction: no order
        trades after its time. A deadline at the gate closure comes before the auction.
    21. A replacement names the next revision, so that a late or replayed one does nothing. Orders of the sheet whose gate is open end
        (REPLACED), their escrow pays for the new ones, and they count no more among the sender's. The new orders have new numbers, and
        so lose their place in time; the point may be any of the sender's. A sheet id that was used is never placed again.
    22. All open bids of an account for an MTU lie strictly below all its open offers for it, entries of one sheet included, whatever
        the points and zones; see own_orders.py. So nobody trades with himself, as orders come or in an auction: no volume, price or
        carbon credit is made by it. An MTU has at most `max_book_orders` open orders, an account `max_open_orders`.
    23. What a point has on offer and sold for an MTU is at most what its generation meters can measure in it (`max_energy_wh`) and what it
        bought for it. Sales are firm and need no escrow; without this bound an account that has nothing sells any energy to another one
        of the same person, whom the DSO pays for it as excess while nobody pays for the lack.

Result codes
    `MarketCode`, 7xx, in order of precedence; those of an entry come entry by entry. UNKNOWN_POINT, UNKNOWN_PARTICIPANT and NOT_ACTIVE
    are the registry's.

Parameters
    see `MarketGenesis`: mode, bounds of orders, fee, opening, call and gate closure, room for orders, work per block. The chain does
    not open with a call phase in another mode than both, or without one there; with times that leave an MTU never open; with MTUs open
    beyond the grid's `notice_mtus`, for then charges could change under orders; or, where there are auctions, with two lines between
    the same nodes.

Invariants
    Per block: the escrow account's balance changes as `escrow` does, and `escrow` as orders and trades do (checked by settlement, which
    pays out of it); every trade is inside both limits, rent included, and moves sold, bought and volume of its MTU by its energy; trades
    never change; an order that is done never changes, and what remains of one that is not only falls; flows change by what continuous
    trades carry over their ways and new auctions over their lines, and stay within capacity; an auction never changes, energy, value and
    rent of its paths are its clearing's; paths and awards lose exactly what is traded over and by them.
    Whole: the account holds the escrow of all MTUs; volumes are the sums of trades; flows as above; lists and counts of open orders are
    those of the orders; of every auction the rows, told again from orders, trades and awards, have the root in its summary, and its
    certificate holds. Settlement checks escrow of each MTU, and that sold equals bought.
    With the kernel (`check_books`): its books hold exactly the open orders and flows of MTUs in phase CONTINUOUS; none is crossed
    unless interrupted.
"""
