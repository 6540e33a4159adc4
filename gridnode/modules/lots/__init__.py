"""Energy lots: who owns which generated energy. The UTXO half of the state; certificates of origin are retired lots.

Concepts
    Lot          energy of one meter in one market time unit (MTU): source, zone, carbon intensity, Wh. It is owned as a whole.
    Origin       the lot that metering issued; every part of it keeps its number, so a certificate leads back to one signed reading.
    Hold         the account `settlement/hold`: it owns every lot from the reading to the settlement of its MTU, together with the
                 same energy in GRID. Nobody can move what is there but settlement.
    Retired lot  a certificate: the energy was consumed, or claimed, in the name of its beneficiary, and never moves again.

Tables
    1 params     () -> carbon intensity of each source
    2 lots       (lot number) -> Lot; a number is given once and never again
    3 owned      (owner, lot number) -> whether it is retired; nothing for the hold
    4 next       () -> number of the next lot; the first is 1
    5 energy     () -> Wh issued and Wh retired, ever

Messages
    lots.transfer_lots   inputs (own lots of one meter, source and MTU) become outputs (recipient, Wh)
    lots.retire          own lots become certificates of a beneficiary

Rules
    1. `issue` makes one lot, owned by the hold. Only metering calls it.
    2. `give` moves a part or all of a lot of the hold to an owner, `retire_held` retires a part or all of it for a beneficiary. What
       is taken from the lot becomes a new lot with a new number, unless it is all that is left: then the lot itself changes hands.
       Only settlement calls them, and moves or burns the same energy in GRID.
    3. `transfer_lots` spends its inputs whole: they are deleted. Outputs are new lots, numbered in the order of the message. Inputs
       must be alike (meter, source, MTU), for a lot tells where and when its energy was made; their origin is that of the first.
       The sum of inputs equals the sum of outputs exactly; nobody rounds. A sender may be a recipient: that is how a lot is split.
    4. `retire` changes whole lots; a part is split off first. GRID is not burned: it is a token of its own once settled.

Result codes
    `LotsCode`, 5xx, in order of precedence; those that concern one input are checked input by input.

Parameters
    carbon_g_per_kwh of each source, written into the lots of that source; a source not listed has 0.

Invariants
    Per block: the change of energy in lots that are not retired is what was issued less what was retired; a retired lot does not
    change; no lot has a number not given yet; `owned` agrees with `lots`.
    Whole: the same over all rows.
"""
