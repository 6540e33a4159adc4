"""What travels and what is stored: transactions, blocks, votes, commits, receipts, genesis. Records and their signing bytes, no rules of business.

Concepts
    transaction.py  a signed body with one to 256 messages; its id; how it is taken apart and checked without any state.
    block.py        header, block, energy summary; a proposal's block names its transactions by id.
    vote.py         prevotes, precommits, proposals and what exactly is signed.
    commit.py       > 2/3 of precommits for one block: the proof that it is final.
    evidence.py     two messages of a validator that exclude each other, as blocks carry them.
    validators.py   the set of validators of a height, its quorum, and how one of several is drawn.
    light_block.py  a header with its commit and its voters: what needs no other proof.
    receipt.py      result code, fee and typed events of a transaction; events of a block's hooks.
    genesis.py      the first state: chain id, parameters, validators, each module's opening state.

Hashes: every record that is hashed or signed has its own tag. `previous_hash` of block 1 is the genesis hash, so two chains never
share a block. A header holds the state root *after* its block: validators execute a proposal before they vote for it, so a block that
was committed has been computed alike by more than 2/3 of the power.

Time: a header's `time_ms` is the proposer's clock, at least one above the previous block's and at most `MAX_CLOCK_DRIFT_MS` ahead of a
voter's clock. Nothing else reads a clock.
"""
