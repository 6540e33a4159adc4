"""Who makes and votes on blocks: the validators of genesis.

Concepts
    Seat       a validator in the set, and whether it is an authority.
    Authority  a validator that may propose blocks with transactions of the energy lane (see `gridnode.execution.registry`).

    Lease      which machine of a validator signs, and from which height on (`lease.py`).

Tables
    1 seats    (validator's address) -> Seat
    20 leases  (validator's address) -> Lease; no row before it was taken for the first time

Messages
    take_lease  the validator's own consensus key names the machine that signs from the next height on; free when it would take effect

Rules
    1. The set that votes on block h + 1 is the one in the state after block h (`current_set`). Whoever comes to change seats changes
       the set of the next height and of none before.
    2. Every validator of genesis is an authority.
    3. A machine signs at height h only if the lease in the state after block h - 1 names it; without a row, the primary does. A lease is
       taken with the next epoch, by the validator's key alone, and counts from the height after the block on. So two machines with one
       key never sign at one height.

Result codes
    `ValidatorsCode`, 3xx; those of the lease are 350 to 359.

Parameters
    None. The validators stand in the chain's genesis itself, so that the set has one source.

Invariants
    Per block: no seat changes; the epoch of a lease goes up, and a lease never goes away.
    Whole: each seat is under the address of its key; each lease has an epoch of at least 1 and begins at height 2 or later.
"""
