"""Energy lots: who owns which generated energy. The UTXO half of the state; certificates of origin are retired lots.

Concepts
    Lot          energy of one meter in one market time unit (MTU): source, zone, carbon intensity, Wh. It is owned as a whole.
    Origin       the lot that metering issued; every part of it keeps its number, so a certificate leads back to one signed reading.
    Hold         the account `settlement/hold`: it owns every lot from the reading to the settlement of its MTU, together with the
                 same energy in GRID. Nobody can move what is there but settlement.
    Retired lot  a certificate: the energy was consumed, or claimed, in the name of its beneficiary, and never moves again.
    Bundle       lots of one source put together. With exactly 1,000,000 Wh it is sealed, and is a certificate of 1 MWh, the unit of
                 schemes by the month or year: it is transferred and retired as a whole.

    rules.py transfer, retirement, what metering and settlement call | bundles.py | changes.py how rows change |
    invariants.py, bundle_invariants.py

    What the EnergyTag Granular Certificate Scheme Standard wants a certificate to tell, and where it stands:
        energy carrier                    always electricity; the API says so
        unique number                     number of the lot; with the chain's id it is unique among chains (`certificate_id` in the API)
        production interval, at most 1 h  `mtu`; begin and end follow from the grid's clock (`queries.certificate`): a quarter hour
        date of issue                     `issued_ms`: time of the block in which the signed reading was taken; parts keep it
        source, technology                `source`; the registry knows a plant no closer than solar, wind, hydro, biomass, geothermal
        device: name, number, capacity    `meter`, a name unique on the chain; the registry has the most it can generate in an MTU
        location                          `zone`, and through the meter its connection point; addresses are personal data, kept by the DSO
        date at which it went into operation, disclosure by the state   not on the chain: the DSO that bound the meter has them
        volume                            `energy_wh`, whole Wh: the reading's, and readings are whole Wh
        issuer                            the chain; the validators that signed the block of `issued_ms` (`/proofs`)
        production or storage             always production: what storage gives back is not certified, and no carrier is converted
        configuration                     issued from metering directly, instead of a certificate by month or year: configuration 1
        owner                             `owner`, or that of its bundle
        cancellation                      `retired_ms`, `purpose`, and the beneficiary as the owner
    and besides: `carbon_g_per_kwh`, `origin`.

Tables
    1 params         () -> carbon intensity of each source
    2 lots           (lot number) -> Lot; a number is given once and never again
    3 owned          (owner, lot number) -> whether it is retired; nothing for the hold and for lots inside of bundles
    4 next           () -> number of the next lot; the first is 1
    5 energy         () -> Wh issued and Wh retired, ever
    6 bundles        (bundle number) -> Bundle; a number is given once and never again
    7 inside         (bundle number, lot number) -> true
    8 bundles_owned  (owner, bundle number) -> whether it is retired
    9 next_bundle    () -> number of the next bundle; the first is 1

Messages
    lots.transfer_lots    inputs (own lots of one origin) become outputs (recipient, Wh)
    lots.retire           own lots, or parts of them, become certificates of a beneficiary, for a purpose
    lots.open_bundle      an empty bundle for one source
    lots.add_to_bundle    own lots go into it, in the order named
    lots.transfer_bundle  a sealed bundle changes hands
    lots.retire_bundle    a sealed bundle becomes a certificate of a beneficiary, for a purpose
    lots.unbundle         lots come out again, MAX_LOT_PARTS a message

Rules
    1. `issue` makes one lot, owned by the hold. Only metering calls it.
    2. `give` moves a part or all of a lot of the hold to an owner, `retire_held` retires a part or all of it for a beneficiary. What
       is taken from the lot becomes a new lot with a new number, unless it is all that is left: then the lot itself changes hands.
       Only settlement calls them, and moves or burns the same energy in GRID.
    3. `transfer_lots` spends its inputs whole: they are deleted. Outputs are new lots, numbered in the order of the message. Inputs
       must be of one origin, so that every output leads back to one reading. The sum of inputs equals the sum of outputs exactly;
       nobody rounds. A sender may be a recipient: that is how a lot is split, and there is no other message for it.
    4. `retire` takes parts as rule 2 does: a part gets a new number, what is left of the lot stays the sender's. GRID is not burned: it
       is a token of its own once settled.
    5. Lots go into a bundle in the order of the message; of the last one only as much as fills the bundle, and the rest stays the
       sender's under the lot's number. A lot behind that one is refused. With 1,000,000 Wh the bundle is sealed and takes no more.
    6. A lot inside of a bundle is owned by the account `lots/bundled` and cannot be moved or retired by itself: whose it is, whether it is
       retired, when and what for, is said by its bundle. So a bundle changes hands, or is retired, in one row, however many lots it has.
    7. Only a sealed bundle is transferred or retired. Retired, it never changes again, nor do the lots inside.
    8. `unbundle` gives lots back to the bundle's owner, lowest number first. A bundle that lost lots is open again; with none left, empty
       ones too, it is deleted.

Result codes
    `LotsCode`, 5xx, in order of precedence; those that concern one input are checked input by input.

Parameters
    carbon_g_per_kwh of each source, written into the lots of that source; a source not listed has 0.

Invariants
    Per block: the change of energy in lots that are not retired is what was issued less what was retired; a retired lot does not
    change; no lot has a number not given yet; `owned` and `inside` agree with `lots`. Lots in a bundle count as retired from the block in
    which the bundle was: 1,000,000 Wh with its row, for it has that much inside and neither it nor its lots change any more.
    A bundle has as many lots and Wh as are inside, all of its source; it is sealed exactly at 1,000,000 Wh; `bundles_owned` agrees.
    Whole: the same of all rows, as if one block had made them all.
"""
