"""The light client: from one header that is trusted to any other, by signatures alone. Pure and sans-IO; no state, no kernel, no node.

After the light client specification of Tendermint (the CometBFT repository, `spec/light-client`); its names stand in brackets.

Concepts
    terms.py     for how long a header may be trusted, and how far clocks may differ.
    rules.py     whether a new header follows from a trusted one: next to it, further up, below it, or first after genesis.
    asking.py    how drivers ask: heights out, light blocks and the time in.
    climb.py     up by bisection: the fewest headers between the trusted one and the one that is asked for.
    descent.py   down by hashes: headers below the trusted one.
    trusted.py   what is trusted: the interface of its store, and one in memory.
    walk.py      one question from beginning to end: which way, from where, in how many steps.
    witness.py   whether a second node tells the same, and where two chains part.
    attack.py    two final headers that cannot both be: the evidence, and whom it names. accuse.py: what of it a block can carry.

Security model [TMBC-FM-2THIRDS]. Of the set that a header names for the next height, validators with more than 2/3 of the power are
correct from the header's time on for at least the trusting period. That is so as long as the period is shorter than the time in which a
validator that has left can still be slashed: what it signs for its old seats costs it nothing afterwards. (The set that voted on the header itself
was named one block earlier; the period must be shorter by that much, too.) So a header is a base for others
only within the period [TMBC-HEADER-WITHIN-TP]; an older one is refused as a base, however good it once was, and people give a newer one
(`gridnode light --trust HEIGHT:HASH`).

Three ways to trust a header
    next      the trusted header names the set of the next height (`next_validators_hash`), and that set signed the next header by more than
              2/3 of its power. It must also name the trusted one as its `previous_hash`.
    skipping  validators with more than 1/3 of the power of the set that voted on the trusted header signed the new one; so one correct
              validator did, and a correct one signs one header per height, whose own set then has signed by more than 2/3. Members of both sets
              are found by address, and count with the power they have in the trusted set. Both checks use strict inequalities.
              When less than that signed, nothing is said about the header: one in between is asked for.
    below     a trusted header names the one before it by hash; hashes do not expire.

Why the header names the next set. Execution knows the next set before anybody votes on the block, and a header whose `next_validators_hash` is
not what execution gives gets no vote. Without that field a change of more than 2/3 of the power in one block could not be followed by
signatures, and a smaller one only by those who stayed.

Drivers are generators: they yield the heights that they need (`Heights`) and are sent what a provider answered, with the time of the reader's
own clock (`Answer`). Whoever runs one decides how to ask. They end by return, or raise: LightBlockInvalid (whoever gave it is at fault),
BlockMissing (the provider does not have it), Expired and TooFar (the operator gives another base).
"""
