"""The REST interface of a node, under `/api/v1`: what people and programs ask it and send it.

Concepts
    app.py         routes and the application; one line a route, the list is the table of contents.
    reading.py     how a question is answered: parameters checked, one committed height, in a thread when it may be large.
    memo.py        what is dear to find out is found out once a height.
    answers.py     the envelope {data, error, timestamp} around every answer.
    problems.py    errors: HTTP status, code, message, and the field that is wrong with what was expected.
    guard.py       the last line: whatever goes wrong is an answer in the envelope; our own faults are logged, not told.
    parameters.py  path and query parameters, checked.
    pages.py       lists in pages: {rows, next}.
    shapes.py      how records look: amounts and prices with a readable form beside them.
    submit.py      transactions in: one or a batch, msgpack or JSON.
    chain.py       status, blocks, transactions, validators, peers; blocks.py says how they look.
    accounts.py    accounts, balances, supplies, participants, institutions.
    meters.py      connection points, meters, readings.
    lots.py        lots and bundles, as certificates.
    carbon.py      carbon credits: leaderboard, book, orders, trades.
    market.py      parameters and bounds, orders, trades; market_shapes.py says how records of the market look.
    books.py       phases and times of MTUs, best prices and depth, prices as seen from a zone.
    auctions.py    call auctions held, their paths, what one that is called would give.
    prices.py      candles by time of trading, history by time of delivery.
    activity.py    statistics of an MTU or of the whole market.
    explanations.py  why a trade is as it is, and why an order did or did not trade.
    energy.py      zones, line flows.
    tariffs.py     the tariff of an MTU, dated tariffs, holidays.
    light.py       light blocks, for clients that trust no node.
    raw.py         blocks and genesis as canonical bytes, for those who check themselves.
    state.py       rows of the state and its trees as bytes, and digests of them, for those who compare two nodes.
    proofs.py      rows of the state with their proofs.
    openapi.py     the interface described for machines.
    server.py      hypercorn on trio.

Reads come from a snapshot of the last committed state: an answer is never half of one block and half of the next. Amounts are decimal
strings of smallest units beside a readable form; energies are integers of Wh; hashes are hex; addresses bech32m.
"""
