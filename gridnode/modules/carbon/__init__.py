"""Carbon credits: earned by deliveries of clean energy, ranked, traded against THB in a simple order book, retired.

Concepts
    Credit       1 kg of CO2 that was not emitted, counted in 1e-9 credit: the token module's denomination CO2.
    Earned       what an account was ever given by settlements, whatever it did with it since. The leaderboard goes by it.
    Order        a bid for credits or an offer of them, at a limit in 1e-6 THB per credit, good till it is cancelled.
    Escrow       the account `carbon/escrow`: it holds what open orders may have to hand over, THB of bids (fee included) and credits of offers.

    earnings.py what settlement calls | book.py order of the book, what an order needs | matching.py an order meets the book |
    trading.py orders come and go | rules.py opening state, retirement | invariants.py, book_invariants.py

Tables
    1 params       () -> parameters
    2 opening      () -> credits that genesis made; never changes
    3 earned       (account) -> credits ever earned
    4 ranking      (MAX_AMOUNT - credits earned, account) -> true
    5 sources      (source) -> energy and the credits that it earned
    6 retired      () -> credits retired, ever
    7 orders       (order number) -> Order; stays
    8 book         (side, rank of the limit, order number) -> true for open orders, in the order in which others meet them
    9 open         (account, side, rank of the limit, order number) -> true for open orders
    10 placed      (account, order number) -> true for all orders
    11 trades      (trade number) -> Trade; stays
    12 traded      (account, trade number) -> true for buyer and seller
    13 statistics  () -> sums over all trades
    14 next_order  () -> number of the next order; the first is 1

Messages
    carbon.place_order    bid or offer at a limit, matched at once
    carbon.cancel_order   take back what is left of an own order
    carbon.retire         use up own credits in the name of a beneficiary

Rules
    1. `earn` mints credits to an account for energy of a source, at the source's rate. Only settlement calls it, once for each delivery.
    2. An incoming order trades with resting orders of the other side whose limits it reaches, the best limit first, then the lowest
       number, at the resting order's limit. The buyer pays the fee on top.
    3. Payments never round: amounts are multiples of `amount_step_nano`, limits of `price_tick_micro`, and genesis sees to it that a
       step times a tick, and a step times the fee, are whole numbers of 1e-9 THB.
    4. One message trades with at most `match_steps` orders. What is left of the order then waits in the book, for as long as it takes;
       but where it still reaches the best order of the other side, because the bound was hit, what is left is cancelled: the book is
       never crossed, and who wants more sends another order.
    5. When an order comes in, its sender's balance must cover all of it at its limit. What trades at once is paid from there, what
       waits goes into escrow, and a cancelled order gives back what is left there. A bid that trades for less than its limit keeps the rest.
    6. An account trades not with itself: an order that would reach any open order of its sender is refused. It may have at most
       `max_open_orders` open ones; with as many, no further one is taken, even if it would trade at once.
    7. Any account may trade that is no suspended or inactive participant; one with arrears from settlements may not bid. Both may
       cancel. What a sale brings is no settlement, so no arrears are collected from it.
    8. `retire` destroys credits of the sender. The event names who may claim them and what for.

Result codes
    `CarbonCode`, 9xx, in order of precedence.

Parameters
    rates              credits of each source, 1e-9 credit per Wh: 0.5 credits per kWh are 500,000.
    amount_step_nano, min_amount_nano, max_amount_nano, price_tick_micro, price_floor_micro, price_cap_micro   what orders may say.
    fee_micro          1e-6 THB per credit from the buyer, to fee_account.
    max_open_orders    of one account.
    match_steps        orders that one message may trade with.

Invariants
    Per block: credits change by what was earned less what was retired; earned by accounts equals earned by sources; the ranking agrees;
    orders change only by their trades and cancels; every index agrees with its rows; escrow holds what open orders need; statistics
    are the sum of trades; the book is not crossed.
    Whole: the same of all rows, as if one block had made them all.
"""
