"""Carbon credits: earned by deliveries of clean energy, ranked, traded against THB in a simple order book, retired.

Concepts
    Credit       1 kg of CO2 that was not emitted, counted in 1e-9 credit. The token module's denomination CO2.
    Earned       what an account was ever given by settlements, whatever it did with it since. The leaderboard goes by it.

Tables
    1 params      () -> parameters
    2 opening     () -> credits that genesis made; never changes
    3 earned      (account) -> credits ever earned
    4 ranking     (MAX_AMOUNT - credits earned, account) -> true
    5 sources     (source) -> energy and the credits that it earned
    6 retired     () -> credits retired, ever

Messages
    carbon.retire   use up own credits in the name of a beneficiary

Rules
    1. `earn` mints credits to an account for energy of a source, at the source's rate. Only settlement calls it, once for each delivery.
    2. `retire` destroys credits of the sender. The event names who may claim them and what for.

Result codes
    `CarbonCode`, 9xx, in order of precedence.

Parameters
    rates   credits of each source, 1e-9 credit per Wh: 0.5 credits per kWh are 500,000.

Invariants
    Per block: credits change by what was earned less what was retired; earned by accounts equals earned by sources; the ranking agrees.
    Whole: the same over all rows.
"""
