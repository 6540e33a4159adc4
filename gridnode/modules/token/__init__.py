"""Money and tokens in accounts: GRID, THB and CO2; who may mint and burn; what transactions cost.

Concepts
    Denomination  GRID (18 decimals), 1 kWh generated = 1 GRID; THB (9), settlement money of a licensed issuer; CO2 (9), 1 credit = 1 kg.
    Account       an address: of a key, or of a module's rules (escrow, hold). Only the rules of its module move what such a one holds.
    Allowance     what an owner lets another account move; it shrinks with use and is replaced as a whole.
    Supply        what exists of a denomination: the sum of all balances, always.
    Fee           THB that a transaction pays to the operator of the validator that made its block.

Tables
    1 balances    (account, denomination) -> amount; no row for nothing
    2 supply      (denomination) -> amount
    3 allowances  (owner, spender, denomination) -> amount; no row for nothing
    4 roles       (denomination, role, account) -> true
    5 fees        () -> the fee schedule

Messages
    token.transfer       sender to recipient
    token.approve        sets what a spender may move
    token.transfer_from  owner to recipient, within the sender's allowance
    token.mint           creates THB; the sender has the minter role
    token.burn           destroys THB of the sender's own; the sender has the burner role

Rules
    1. Amounts are above zero, source and target differ, and no message pays into a module's account.
    2. Roles are for THB alone. GRID and CO2 are made and destroyed by the rules of metering and settlement (`mint_to`, `burn_from`).
    3. An allowance is not bounded by the balance. `transfer_from` checks the allowance first and then the balance.
    4. A supply never passes 2**128 - 1, and so no balance does.
    5. The fee is the flat fee plus the fee of each message's module. It is paid before the messages run and kept when they fail. Who
       cannot pay is not included in a block.
    6. Moves that other modules make emit no event of this module; their own events tell them.

Result codes
    `TokenCode`, 1xx, in order of precedence.

Parameters
    fees.transaction      each transaction, smallest units of THB
    fees.messages[]       each message, by module; a module that is not listed costs nothing

Invariants
    Per block: for each denomination the changes of balances sum to the change of the supply; no row holds zero.
    Whole: for each denomination balances sum to the supply; roles are for THB alone.
"""
