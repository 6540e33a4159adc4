"""Who makes and votes on blocks: licensed authorities and staked validators, their power, turns, reputation, and what becomes of those who fail.

Concepts
    Licence     what the regulator gives, by name: kind, zone, operator's account, consensus key, the key of the node in the network (or none).
                A licence is active, jailed, convicted or revoked. Only the regulator brings back who was convicted or revoked.
    Authority   a licence with a weight, and without a bond. It alone may propose blocks with transactions of the energy lane.
    Staked      a licence whose operator bonds GRID. It counts from `min_bond` on.
    Seat        a validator in the set that votes on the next block. The set's members are named by the address of their consensus key.
    Term        the heights from which and to which an address had a seat: whether it could vote at a height, long after it left.
    Draw        the order in which the members propose in the rounds of the next height.
    Evidence    two messages of one key that exclude each other (`gridnode.chain.evidence`), in a block; a key that they prove guilty is convicted.

    Lease      which machine of a validator signs, and from which height on (`lease.py`).

Tables
    1  seats        (validator's address) -> Seat                      the set that votes on the next block
    2  params       () -> ValidatorParams
    3  licences     (name) -> Licence
    4  standings    (name) -> Standing                                 turns, reputation, jail
    5  keys         (address of a consensus key) -> KeyOwner           every key that was ever licensed, and to whom
    6  terms        (address, first height) -> last height             0: it has its seat still
    7  unbondings   (release time, name, owner) -> Unbonding           one name may be several operators', one after the other
    8  convictions  (address of a consensus key) -> Conviction
    9  draw         () -> Draw
    10 marks        (height) -> time of that block                     a few, to tell how old a height is
    11 stale        () -> true                                         only within a block: the set is to be made anew
    20 leases       (validator's address) -> Lease                    no row before it was taken for the first time

Messages
    validators.license     from a regulator: a new licence, or again one that was revoked or convicted, to the same operator or another
    validators.revoke      from a regulator: the seat is gone, the bond goes home after the delay
    validators.set_weight  from a regulator: of an authority
    validators.bond        from the operator of a staked licence: GRID moves to `validators/bonds`
    validators.unbond      from that operator: GRID comes back after `unbonding_ms`
    validators.unjail      from the operator, once the pause is over
    validators.rotate_key  from the operator, with a signature of the new key: the old one votes no more from the next height on
    validators.set_node_key  from the operator: the node moves to another network key
    take_lease  the validator's own consensus key names the machine that signs from the next height on; free when it takes effect, once a block

Rules
    1. Heights. The set that votes on block h + 1 is the one in the state after block h (`current_set`), and so is the order of proposers
       (`proposers`). Whatever a block changes takes effect at the next height and at none before.
    2. Power. While nobody active has a bond of `min_bond`, an authority's power is its weight and nobody else has any. Otherwise let W be the
       sum of the active authorities' weights x 4096 and R = W x (1e6 - authority_share_ppm) // authority_share_ppm. An authority
       has weight x 4096; a staked validator has R x bond // sum of bonds. Both divisions round down, so authorities never hold less
       than their share, and keep their weights among themselves exactly. Who comes to no power has no seat.
    3. Never empty. An authority that is active remains, always: a message that would take the last one is refused (LAST_AUTHORITY), absence never
       jails it, and evidence convicts its key but leaves it its seat. So does everybody who needs the state's consent: no hook fails.
    4. Proposers. Each block's draw makes the order for the next height, without replacement, each draw weighted by max(1, power x
       reputation_ppm // 1e6), members in ascending order of address: ticket = tagged hash of (seed, number of the draw), as a number,
       modulo the sum of weights. Before each draw those of the zone that was last are set aside, unless nobody else is left; the first
       draw is preceded by the maker of this block. A validator without a zone is in nobody's. Round r has the r-th, modulo their number.
    5. Seed. After block h it is the tagged hash of (the seed before, the hash of block h - 1). So the order for h + 1 is fixed by blocks up to
       h - 1, but for whose set, reputation and zone block h changes. What the maker of h - 1 can grind: by trying K contents it draws K
       orders for h + 1 and may keep the best; each trial costs it an executed block within its own turn, and the zone rule keeps it from
       following itself. It never touches the order of h, nor who may vote.
    6. Turns. Block h + 1 carries the commit of h, in some round r. Whose turn the rounds before r were has missed it, once a height, unless it
       made the block that was committed; the maker, and the proposer of round r, have made theirs. `missed_in_row` counts to
       `misses_to_jail`: then the validator is jailed for `jail_ms`, but an authority only while the weight of the jailed stays within a third
       of the weight of active and jailed together: an outage must not hand the chain to the few who are left.
    7. Reputation, in ppm from 100,000 to 1,000,000, at first full. A turn made adds a sixteenth of what lacks, rounded up; one missed takes an
       eighth, a conviction a half, rounded down; every hundredth height gives all who lack some a sixteenth of it, rounded up. `rejected`
       counts proposals proven to be against the rules: those that evidence of two proposals is made of. A proposal that others merely
       voted nil on is a turn missed (decision 0010).
    8. Evidence stands in the block and runs before its transactions, so nobody unbonds or rotates before it in the same block. A key is convicted
       once, whatever else it signed, and it convicts the operator who had it, under the name he had it by, never who has the name since.
       A licence that he holds by that name is convicted, unless revoked: it loses its seat until a regulator licenses it again with
       another key; a staked one loses `slash_ppm` of its bond, rounded down. So does each amount of his that is on its way home
       from under the name and left at the height of the offence or later; the rest of the bond goes home after the delay.
       What is lost moves to `slashed_account`: GRID is energy that was generated, so it is not destroyed.
    9. Age. Evidence of a height is too old when more than `evidence_blocks` lie above it, or when the first mark at that height or above is
       more than `evidence_ms` old. Marks are a sixteenth of `evidence_ms` apart, so evidence counts for at most 17/16 of it
       (and the time of one block); `unbonding_ms` is at least 9/8 of it: what may be punished is still there to be taken.
    10. Keys. A consensus key belongs to the operator and the name that had it first, for ever: nobody else gets it, nor do they once it is
       convicted. A name goes on to another operator with a new key and a new standing; turns of keys that its holder never had do not
       count for it (rule 6).
    11. Leases. A machine signs at height h only if the lease in the state after block h - 1 names it; without a row, the primary does. A lease is
       taken with the next epoch, by the validator's key alone, and counts from the height after the block on. So two machines with one
       key never sign at one height. A validator in jail may take it: it comes back with the machine that is there. The message is free
       when it is alone in its transaction, takes effect, and the lease before has begun to count: once a block, and never when it fails.

Result codes
    `ValidatorsCode`, 301 to 339, in order of precedence; those of the lease are 350 to 359. Codes of evidence are told in logs and answers; a block with evidence that
    does not hold is invalid as a whole.

Parameters
    `ValidatorParams` in genesis (section `[validator_params]`): authority_share_ppm, min_bond, unbonding_ms, evidence_ms, evidence_blocks, jail_ms,
    misses_to_jail, slash_ppm, slashed_account. The first authorities stand in the chain's genesis itself, their power is their
    weight; zones and node keys of them stand here.

Invariants
    Per block: an authority is active; the account `validators/bonds` has changed by as much as bonds and unbondings; each licence that changed
    holds its key; seats that changed are of active licences; the epoch of a lease goes up, and a lease never
    goes away.
    Whole: the account holds exactly all bonds and unbondings; seats are those of rule 2, terms those of the seats, keys those of licences;
    the authorities hold their share of the power; reputations are within their bounds; each lease has an epoch of at least 1 and begins at
    height 2 or later.
"""
