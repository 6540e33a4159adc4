"""The rules of business, one folder per bounded context. Each sees only those before it.

    token        1xx  GRID, THB and CO2 accounts: transfer, allowance, mint, burn; roles of minters and burners; supplies
    registry     2xx  roles (regulator, DSO, TSO, issuer), participants, connection points, meters bound to device keys, suspension
    validators   3xx  licences, bonds, power, turns to propose, jail, evidence of equivocation and what it costs
    grid         4xx  zones, lines with transfer capacity, the clock of market time units, the tariff
    lots         5xx  energy lots (UTXO): issue, split, move, bundle, retire
    metering     6xx  readings in versions, signed by devices or substituted by DSOs; mints GRID and lots
    market       7xx  orders, books, continuous matching, trades, escrow
    carbon       9xx  CO2 credits: rates, leaderboard, a simple book against THB
    settlement   8xx  delivered against sold; escrow, imbalance, wheeling, lots, CO2 credits

Every module has the same files and the same headings in its chapter (Concepts, Tables, Messages, Rules, Result codes, Parameters,
Invariants):

    messages.py    records that senders sign, `MESSAGES`: all of them
    events.py      records that rules emit, `EVENTS`: all of them
    tables.py      tables and their value records; the module's genesis record `<Module>Genesis` and parameters
    codes.py       `<Module>Code`: closed IntEnum, in order of precedence, numbers as above, never reused
    rules.py       handlers `def transfer(context, sender, message) -> None` and `HANDLERS: {message class: handler}`; `open(context, genesis)`;
                   `end_block(context)` where the module has a hook; functions that later modules call. Split into more files when it grows.
    queries.py     read-only functions over a `Reader` for the API: plain records, paged
    invariants.py  `check_block(before, writes)`: from the changed rows only (`TABLE.changes(before, writes)`); `check_whole(reader)`: all rows, for audits

A handler either returns, and all its writes stand, or raises `Rejected(code)`, and none does. It reads no clock, no randomness,
nothing but `context`. Module accounts hold what belongs to nobody yet, e.g. `module_address("market/escrow")`.
"""
