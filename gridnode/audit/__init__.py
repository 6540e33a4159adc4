"""The audit: checks what a chain's market did from its blocks alone, in plain Python, without a node, its state or its kernels.

Concepts
    Recorded block  header, transactions, commit and receipts, as any node hands them out; the header has the roots of all of it.
    History         the market as the blocks before tell it: open orders, those that wait, flows on lines, where each book stands.
                    Orders are the messages that their senders signed.
    Telling         events of the market in the receipt of a block's hooks, in order: what ended, what closed, auctions, trades.
    Followed        a block whose continuous matching is believed; everything else in it is checked.
    Verified        a block whose waiting orders are matched again as well, with the naive books, and give the same trades in the same order.

    parts.py        transactions and receipts are those of the header's roots; headers follow on each other; commits hold; orders are signed
    voters.py       who votes on each block, from genesis on across changes of the set
    reading.py      a block taken apart
    frame.py        clock, network, tariffs and bounds, as genesis has them and the regulator changed them
    history.py      open orders and flows
    hooks.py        the market's hook of a block again, step by step, and the first thing that was told otherwise
    auctions.py     call auctions: who took part, and the proof of the clearing (`gridnode.modules.market.certificate`)
    fills.py        continuous matching of a block, done again or believed; book.py the book of an MTU
    matching.py     the rules of matching: terms, preferences, steps
    differences.py  how one telling differs from another
    certificates.py the auctions of a single block, without those before it
    verify.py       `Audit`: blocks go in, a report comes out; findings.py what it says

What is proven
    If a block is verified without findings and its header is final, then every trade in it is the one that the rules give: who met, how
    much, at which price, wheeling and rent, in which order; nobody was passed over, nobody's order was invented, and every call
    auction is the one clearing that its orders allow. Money is not looked at: escrow and settlement follow from trades and readings.

Interface
    audit = Audit(genesis, first); audit.take(block) for each block from height 1; audit.report
    Where the set of validators has changed (`audit.lacks_voters`), `take` is shown it: a set is believed when its hash is the header's.

Why it stands apart
    A second opinion is worth as much as it does not share. It shares the records of messages and events, the certificate, the naive books
    and a few one-line rules with the node, and none of its state, kernels or execution: an architecture test runs it without them.
    It is on the line of `execution` because it looks at modules from above, as that does.
"""
