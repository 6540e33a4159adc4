"""Metering: what meters measured in each market time unit (MTU), in versions. What a device signed becomes GRID and a lot.

Concepts
    Reading       generated and consumed Wh of one meter in one MTU: its latest version.
    Version       one statement of these figures. A correction is a further version with its time; none is ever rewritten.
    Quality       who says so: MEASURED, signed by the device that the registry binds to the meter; SUBSTITUTED by the DSO of its zone;
                  ESTIMATED by the chain. A meter's generation is only ever certified by its device.
    Windows       versions of an MTU are taken from its end until `correction_window_ms` later. At `reading_window_ms` after the end it may be
                  settled; versions that come from then on are late, and settlement settles their difference once more.
    Point sum     the latest readings of a connection point in an MTU, and the lots of its generation that wait in the hold.
    Certified     generation of a reading that certificates may stand for: of a MEASURED version all of it; of another one as much as the
                  version before had, at most what it says itself.
    Debt          Wh of lots that a meter was issued and that, by a later version, it did not generate.

    rules.py who may say what | windows.py when | versions.py how a version is written | certificates.py GRID, lots and debts |
    points.py what settlement asks

Tables
    1 params     () -> parameters
    2 readings   (meter, MTU) -> Reading, the latest version; stays
    3 sums       (MTU, connection point) -> PointSum; deleted when the point is settled, whose statement has the same figures
    4 mtus       (MTU) -> Wh generated and consumed and number of readings, of all points, by latest versions; stays
    5 energy     () -> the same since genesis
    6 versions   (meter, MTU, version) -> Reading that a later version superseded; only ever added. With `readings` it is every version
                 there was; most readings have one, which costs one row.
    7 reasons    (meter, MTU, version) -> why the DSO substituted it; only ever added
    8 late       (MTU, connection point) -> LateSum: differences from what was settled, and lots issued since; settlement takes it
    9 debts      (meter) -> Wh; no row when none

Messages
    metering.submit_reading       a device's signed version. One message a version: a transaction carries 256 of them under one signature
                                  of the sender, and a message of many would save a few bytes and lose the one-to-one of message,
                                  result code and event.
    metering.substitute_reading   the DSO's version, with its reason.

Rules
    1. The device's signature is what counts, so anybody may bring it: owner, gateway, aggregator. The sender pays the fee. The signature
       covers chain id, device key, MTU, both energies and version (`reading_hash`); execution verifies it outside the state, before the
       message runs (`device_checks`), and a transaction with a wrong one never enters a block.
    2. The chain numbers all versions of a meter and MTU 0, 1, 2 ... whoever made them. A device counts its own alone: what it says first of
       an MTU is its version 0, whatever was estimated or substituted meanwhile, so it need not know the chain. A DSO names the chain's
       number of the version that it writes, so it never replaces one that it has not seen. Either must be exactly the next.
    3. A version is taken when chain time is at or after the end of the MTU and before the end plus `correction_window_ms`.
    4. A generation meter reports 0 consumed and a consumption meter 0 generated; what it reports is at most the meter's plausible maximum
       in an MTU. Whether the owner is active is not asked: suspension ends trading, not the flow of energy, and what was sold before
       must still be settled by what was measured. The DSO ends readings by unbinding the meter; it may still substitute for it.
    5. A version with the same figures as the latest must be of better quality. Else quality does not rank: what was said last counts, the
       device's after the DSO's and the other way round.
    6. What becomes certified mints that much GRID (1 kWh = 1 GRID, exact) to the hold and issues one lot to it; the lot's meter, source
       and MTU are those of the reading. Neither can be spent before the MTU is settled.
    7. What is no longer certified claws nothing back: lots may have been sold. It becomes the meter's debt, and the meter's next Wh that
       are certified, of whatever MTU, pay it first: for them no lot is issued and no GRID minted. So a point's lots may be more or less
       than its generation, also where the DSO substituted generation, and settlement must do with what there is.
    8. Settlement completes a point before it uses its figures (`complete_point`). A bound meter without a reading then gets an ESTIMATED
       version: a consumption meter what it consumed in the same quarter hour of the day before (MTU - 96, latest version), else 0; a
       generation meter 0. A point that neither traded nor reported is not settled, and nothing of it is estimated.
    9. A late version changes the sums of its point as long as that is not completed; then it adds to `late`, which starts from zero where
       nothing was settled. Settlement takes these rows once the MTU is done (`take_late`).
    10. The header's energy summary counts what a block's versions add: first figures, estimates too, and upward differences. A difference
        downward is in `mtus` and `energy` alone, so sums over headers may be above them.

Result codes
    `MeteringCode`, 6xx, in order of precedence.

Parameters
    reading_window_ms      how long after the end of an MTU its readings count for the first settlement.
    correction_window_ms   how long after it versions are taken; at least as long.

Invariants
    Per block: a version that was there stays as it is, and numbers have no gaps; readings grew by what MTUs and the total grew by; lots
    issued are what is certified more and owed more.
    Whole: the same over all rows: lots issued = certified by the latest versions + debts; sums of a point with what came late are its readings.
"""
