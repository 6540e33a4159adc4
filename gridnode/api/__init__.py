"""The REST interface of a node, under `/api/v1`: what people and programs ask it and send it.

Concepts
    app.py        routes and the application; one line a route, the list is the table of contents.
    answers.py    the envelope {data, error, timestamp} around every answer.
    problems.py   errors: HTTP status, code, message, and the field that is wrong with what was expected.
    parameters.py path and query parameters, checked; pages.
    submit.py     transactions in: one or a batch, msgpack or JSON.
    chain.py      status, blocks, transactions, validators, proofs, peers.
    accounts.py   accounts, balances, meters, connection points, lots.
    market.py     orders, trades, book, statistics, line flows, settlements.
    server.py     hypercorn on trio.

Reads come from a snapshot of the last committed state: an answer is never half of one block and half of the next. Amounts are decimal
strings of smallest units beside a readable form; energies are integers of Wh; hashes are hex; addresses bech32m.
"""
