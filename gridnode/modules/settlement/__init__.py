"""Settlement: what was delivered against what was sold. Pays trades, charges imbalance, moves lots and GRID, lets buyers earn carbon credits.

Concepts
    g, c         Wh generated and consumed at a connection point in a market time unit (MTU), from readings; 0 without readings.
    s, b         Wh sold and bought there, from trades.
    Imbalance    i = (g - c) - (s - b), once for each point and MTU, whatever number of meters and trades. Above 0 it is excess, which the
                 DSO of the zone buys at the feed-in tariff; below 0 it is lack, which the DSO sells at the retail tariff of the MTU's band.
    Surplus      max(0, g - c): what a point can deliver. Lack of its own: max(0, c - g): what it can consume of what it receives.
    Delivery     Wh of the seller's lots that go to the buyer for a trade; at most its energy.
    Statement    every figure of a settled point and MTU. Nothing settled is ever settled again.
    Arrears      what somebody could not pay: debtor, creditor, amount.

    deliveries.py trades, in the order in which they were made | takings.py points, in order of name | arrears.py who cannot pay |
    payments.py what the hook moves at its end | rules.py the hook: which MTU, how much of it

Tables
    1 params      () -> parameters
    2 progress    () -> MTU that is being settled, or the lowest that may be next; phase; last trade delivered
    3 deliveries  (MTU, trade number) -> Wh delivered; stays
    4 works       (MTU, point) -> what deliveries have done for the point; deleted when it is settled
    5 statements  (MTU, point) -> Statement; stays
    6 mtus        (MTU) -> sums of statements and deliveries; stays
    7 totals      () -> the same since genesis
    8 arrears     (debtor, creditor) -> amount; deleted at zero
    9 opening     () -> GRID that genesis made; never changes

Messages
    settlement.pay_arrears   pay all or a part of what the sender owes

Rules
    1. MTU m is settled when chain time is at or after end(m) + reading window and all orders of it and of earlier MTUs have expired; MTUs in
       ascending order, one after the other. Each block's hook does at most `steps_per_block` steps, a trade or a point each, and the next block's goes on.
    2. First every trade of the MTU, in order of trade number. A trade is firm: whatever was delivered, escrow pays the seller its price,
       the shares of wheeling that the grid module names (DSO of the zone of delivery, then the owner of each line of the way), and the
       trade fee to the fee account. Together this is what the buyer had in escrow.
    3. Delivery of a trade: lots of the source that was sold, lowest number first, as far as the seller's surplus less what it delivered
       before goes. A sale is delivered from own generation only: what a point bought and sold again is settled in money alone.
    4. What a buyer receives is used in this order: up to its own lack, less what it received before, it is retired in the buyer's name and
       as much GRID is burned; up to its imbalance, if that is excess, it goes to the DSO, who pays for it as excess; the rest becomes the
       buyer's, lot and GRID.
    5. The buyer earns carbon credits once, for what it received: the carbon module mints them by the lot's source. Energy that nobody
       bought in the market earns none, and nobody earns any by buying from itself.
    6. Then every point with readings or trades, in ascending order of name. Of its lots that are left, lowest number first: min(g, c) is
       retired in the owner's name and as much GRID burned; up to its excess, less what rule 4 took, goes to the DSO; the rest becomes the
       owner's (it was paid as delivered from another source, or as resold). Then the imbalance is paid, the statement written, and
       readings' sums and positions deleted.
    7. Who cannot pay an imbalance pays what is there; the rest is recorded as arrears. Arrears are collected first from what the
       debtor later receives in settlements, creditors in order of account, at most MAX_ARREARS_PER_INCOME of them for each income; what
       is collected is not collected from its receiver again. While an account owes anything it may not bid.
    8. Payments of one block's trades are summed for each account and made before its points are settled.

Result codes
    `SettlementCode`, 8xx, in order of precedence. A balance that does not cover a payment is the token module's INSUFFICIENT_BALANCE.

Parameters
    steps_per_block   trades and points settled in one block.

Invariants
    Per block: GRID changes by readings less what was consumed from lots; the hold has as much GRID as lots; credits earned are
    those of deliveries; delivered equals received; statements never change and add up; a settled MTU has nothing in escrow.
    Whole: escrow of every MTU is what its open bids and undelivered trades need; sold equals bought; the same sums over all rows.
"""
