"""Who makes and votes on blocks: the validators of genesis.

Concepts
    Seat       a validator in the set, and whether it is an authority.
    Authority  a validator that may propose blocks with transactions of the energy lane (see `gridnode.execution.registry`).

Tables
    1 seats   (validator's address) -> Seat

Messages
    None.

Rules
    1. The set that votes on block h + 1 is the one in the state after block h (`current_set`). Whoever comes to change seats changes
       the set of the next height and of none before.
    2. Every validator of genesis is an authority.

Result codes
    `ValidatorsCode`, 3xx: none.

Parameters
    None. The validators stand in the chain's genesis itself, so that the set has one source.

Invariants
    Per block: no seat changes.
    Whole: each seat is under the address of its key.
"""
