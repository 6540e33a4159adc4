"""Running blocks: transactions through the modules' rules, one overlay, one commitment, one outcome for all nodes.

Concepts
    module.py       what execution needs to know of a module; lanes.
    registry.py     the modules in their one order; every kind of message, event and code; nothing registers itself.
    admission.py    what can be said of a transaction without executing it: form, signatures it needs, standing against a state.
    recent.py       ids committed and not yet expired: what replay protection needs.
    transaction.py  one transaction: fee, messages in order, receipt.
    block.py        one block in the making: transactions, then the modules' hooks, invariants, writes.
    proposal.py     which waiting transactions go into a block, within its bounds.
    validation.py   what must hold of a proposed block before and after it is executed; the reason when it does not.
    genesis.py      the state at height 0.
    tables.py       every table of the state by name; rows in a form that people read.
    named.py        which accounts a transaction names, so that their owners find it.
    executed.py     `Executed`: a block that was executed, and all that is to be stored of it.
    ledger.py       `Ledger`: the committed state and at most one executed block above it: build, execute, commit, discard.

First of all the commit that a block carries says whose turns the height before were made or missed, then its evidence runs, then its
transactions. They run in order over one `State`; a failed one leaves its fee and its receipt. Then each module's `end_block` runs in
the order of the registry. Then every module's invariants are checked against the rows that changed. A block in which a transaction could
not have been included (expired, repeated, fee unpaid, wrong chain, wrong lane), or evidence that does not hold, is invalid as a whole.

Signatures of transactions are checked outside, in threads: execution takes `VerifiedTransaction`s.

How a node uses it
    ledger = open_ledger(genesis, tip, who voted on it, reader, tree, blocks newest first)
    executed = ledger.build(...)  or  ledger.execute(block, transactions)     # a block is executed, nothing is changed
    write executed.writes, executed.update.pages and the block in one batch; then ledger.commit(executed); or ledger.discard()
    `building` and `executing` are the same in slices: generators that stop every few transactions, so that the node stays responsive.
"""
