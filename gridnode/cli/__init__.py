"""The command `gridnode`: for operators, account holders and scripts.

Concepts
    main.py       the tree of commands, and which error ends with which exit code.
    operate.py    init, start, status: a node and its files.
    why.py        why: what the chain waits for; diff.py, verify.py: where nodes part, what a node stores against its blocks.
    mend.py       rollback, reset; move_blocks.py: export, import; debug.py: debug bundle; places.py, how these name a node's data.
    testnet.py    testnet: a local network that trades a recorded day.
    keys.py       keys: keystore files made, shown and sealed anew.
    tx.py         tx: messages signed and submitted, one of any kind, or the frequent ones by name.
    tx_market.py  of those: orders, sheets, cancels, bounds; order_entry.py reads orders, from options or a file.
    tx_certificates.py  of those: lots, bundles, carbon credits.
    query.py      query: everything that the API answers.
    query_market.py  of that: orders, trades, books, auctions, prices; market_tables.py picks what people see.
    query_certificates.py  of that: lots, bundles, carbon credits.
    explain.py    explain: why two orders met, or why an order did not trade.
    verify_clearing.py  verify-clearing: what the market did in a block, checked from blocks alone; audits.py runs it,
                  recordings.py fetches the blocks, of a node or of its data.
    light.py      light: headers, and rows of the state, verified without trust in a node; light_session.py runs it, light_state.py checks rows,
                  light_shapes.py says how it looks.
    signing.py    messages signed with a keystore, submitted, followed into their block.
    proof.py      a proof shown only after it was checked.
    body.py       what people type (12.5 THB, 3.5 THB/kWh, a JSON object) as the records of messages.
    tariff_file.py  tariffs and holidays from a file, as in genesis.
    passwords.py  a password from a file, or asked for.
    ask.py        one conversation with a node's API.
    show.py       tables for people, JSON for programs (`--json`).

Exit codes: 0 done; 1 the node refused, or could not be reached; 2 the command, a file or a password is wrong, told in one line on standard
error; 130 interrupted. What the command printed on standard output is data, everything else goes to standard error.

Start-up is quick because a command imports what it needs when it runs.
"""
