"""Settlement: what was delivered against what was sold. Pays trades, charges imbalance, moves lots and GRID, corrects what came out late.

Concepts
    g, c         Wh generated and consumed at a connection point in a market time unit (MTU), from readings, missing ones estimated.
    s, b         Wh sold and bought there, from trades that are not void.
    Imbalance    i = (g - c) - (s - b), once for each point and MTU, whatever number of meters and trades. Above 0 it is excess, which the
                 DSO of the zone buys at the feed-in price; below 0 it is lack, which the DSO sells at the all-in retail price of the MTU.
    Surplus      max(0, g - c): what a point can deliver. Lack of its own: max(0, c - g): what it can consume of what it receives.
    Delivery     Wh of the seller's lots that go to the buyer for a trade; at most its energy.
    Statement    every figure of a settled point and MTU. Nothing settled is ever settled again, and no statement ever changes.
    Correction   what readings that came later change: a dated entry beside the statement, with the new totals and the money it moved.
    Void         a trade that needs a device lock and has none that covers it: paid back, as if it had never been.
    Congestion rent   what buyers in an auction paid for full lines; it waits on the account `market/congestion`.
    Arrears      what somebody could not pay: debtor, creditor, amount.

    weighing.py which trades are void, what each seller sold | allocation.py who is delivered how much | deliveries.py trades |
    takings.py points, in order of name | imbalance.py dual price | corrections.py what came late | arrears.py who cannot pay |
    rent.py congestion rent is spent | payments.py what the hook moves | desk.py what one block's hook knows | rules.py the hook: which MTU,
    how much of it | trade_invariants.py, correction_invariants.py more of what must hold; faults.py says what does not

Tables
    1 params      () -> parameters
    2 progress    () -> MTU that is being settled, or the lowest that may be next; phase; last trade weighed or delivered
    3 deliveries  (MTU, trade number) -> Wh delivered; stays
    4 works       (MTU, point) -> what trades have done for the point; deleted when it is settled
    5 statements  (MTU, point) -> Statement; stays
    6 mtus        (MTU) -> sums of statements and deliveries; stays
    7 totals      () -> the same since genesis
    8 arrears     (debtor, creditor) -> amount; deleted at zero
    9 opening     () -> GRID that genesis made; never changes
    10 sales      (MTU, point) -> what it sold by source and how much of that can be delivered; deleted when it is settled
    11 owner_statements  (owner, MTU, point) -> whether there is a statement, or corrections alone; stays
    12 corrections       (MTU, point, entry from 1) -> Correction; stays
    13 mtu_corrections   (MTU) -> sums of its corrections; 14 all_corrections () -> the same since genesis
    15 spendings         (number) -> congestion rent that was given out; stays

Messages
    settlement.pay_arrears   pay all or a part of what the sender owes
    settlement.spend_rent    give out congestion rent; from a regulator, until governance decides on it

Rules
    1. MTU m is settled when chain time is at or after end(m) + reading window and all orders of it and of earlier MTUs have ended; MTUs
       in ascending order, one after the other. Each block's hook does at most `steps_per_block` steps, a trade weighed or delivered, a
       point or a correction each, and the next block's goes on.
    2. First every trade of the MTU is weighed, in order of trade number. One that needs a lock is covered when its energy is at most what
       gateways have acknowledged for the seller's point less what earlier covered trades took of it; a smaller one behind may still fit.
       One that is not covered whole is void: the buyer gets all of it back, price, wheeling, rent and fee, and it leaves the positions
       of both sides, so neither imbalance has it. Statistics and flows keep it: it was made, and the capacity was not another's.
    3. Acknowledgements count until then, not until the MTU starts: a gateway may have been cut off from the chain while the device held
       the energy, and nobody is paid before. Weighing comes before any delivery because what is void changes imbalances, and they say
       where lots go.
    4. Then every trade that is not void, in order of trade number. It is firm: whatever was delivered, escrow pays the seller its price,
       the shares of wheeling that the market names (DSO of the zone of delivery, then the owner of each line of its way or path), the
       congestion rent to its account and the trade fee to the fee account. Together this is what the buyer had in escrow.
    5. Delivery: a seller's trades share what it can deliver in proportion to their energy. Of each source that is what was sold of it,
       as far as there are lots; of all sources together at most the surplus, sources in proportion to that. Shares are of running totals,
       rounded down, so they sum exactly and each is less than 1 Wh from its exact part (sorting by remainders would need all trades at
       once). In proportion, because the order of trades is no merit: those of an auction are made in one moment, and their numbers
       are accidents; first come, first served would give one buyer every certificate and its neighbour, who pays the same, none. Money
       does not depend on it. A share takes lots of its source, lowest number first.
       A sale is delivered from own generation only: what a point bought and sold again is settled in money alone.
    6. What a buyer receives is used in this order: up to its own lack, less what it received before, it is retired in the buyer's name and
       as much GRID is burned; up to its imbalance, if that is excess, it goes to the DSO, who pays for it as excess; the rest becomes the
       buyer's, lot and GRID.
    7. The buyer earns carbon credits once, for what it received: the carbon module mints them by the lot's source. Energy that nobody
       bought in the market earns none, and nobody earns any by buying from itself.
    8. Then every point with readings or trades, in ascending order of name, its readings completed by metering (estimates; the statement
       says the lowest quality). Of its lots that are left, lowest number first: up to min(g, c) is retired in the owner's name and as much
       GRID burned; up to its excess, less what rule 6 took, goes to the DSO; the rest becomes the owner's (it was paid as delivered
       from another source, or as resold). There may be fewer lots than that, where values are substituted or a meter owes
       certificates: what no lot covers is consumed, sold or kept without a certificate, and GRID is burned only for lots.
       Then the imbalance is paid, the statement written, sums, position and lock deleted (the device is released).
    9. Value-added tax is shown, not moved: what the utility charges for lack and for wheeling contains it, the statement says how much
       (rounded down, each of the two), and the DSO remits it to the tax authority outside the chain, as it does today. What the DSO
       pays for excess contains none.
    10. Corrections come after first settlements, when steps are left, in order of MTU and point: for what metering says came late, an entry
       with the new totals. Money moves between owner and DSO: what is due for the imbalance now less what was due before, both at the
       prices of the MTU's own tariff; so an excess that turns into a lack is taken back at feed-in and charged at retail. Who
       cannot pay is as in rule 12. A point that was never settled gets entry 1 against zeros.
    11. A correction leaves trades, deliveries and carbon credits as they are: buyers have used, sold or retired what they received, and
       the seller's imbalance already carries the whole difference. Lots of late generation go to the DSO up to the excess that the entry
       adds, for that it pays, the rest to the owner, who may retire them. What a reading takes back is a debt of the meter (see metering),
       not of those who hold its lots.
    12. Who cannot pay an imbalance pays what is there; the rest is recorded as arrears. Arrears are collected first from what the
       debtor later receives in settlements, creditors in order of account, at most MAX_ARREARS_PER_INCOME of them for each income; what
       is collected is not collected from its receiver again, nor is what a void trade pays back. While an account owes it
       may neither bid nor offer: with nothing left to lose it could sell what it has not. Its excess earns feed-in all the same, and pays.
    13. Payments of one block's trades are summed for each account and made before its points are settled.

Result codes
    `SettlementCode`, 8xx, in order of precedence. A balance that does not cover a payment is the token module's INSUFFICIENT_BALANCE.

Parameters
    steps_per_block   trades weighed, trades delivered, points and corrections in one block.

Invariants
    Per block: GRID changes by readings less what was consumed from lots; the hold has as much GRID as lots; credits earned are
    those of deliveries; delivered equals received; purchases equal sales, wheeling, rent and fees; statements never change, are priced by
    the tariff and add up; each trade is paid or paid back once; positions lose exactly what is void or in a statement; a correction goes on
    from what stood; the congestion account has what rent came in less what was spent; a settled MTU has nothing in escrow.
    Whole: escrow of every MTU is what its open bids and unsettled trades need; sold equals bought; locks ask for what sales need; the same
    sums over all rows.
"""
