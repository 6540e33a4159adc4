"""Metering: what devices measured, signed by the device, once for each meter and market time unit (MTU). Generation becomes GRID and a lot.

Concepts
    Reading      generated and consumed Wh of one meter in one MTU, signed by the device key that the registry binds to the meter.
    Window       readings of an MTU are taken from its end until `reading_window_ms` later; then settlement reads what is there.
    Point sum    all readings of a connection point in an MTU, and the lots of its generation that wait in the hold.

Tables
    1 params     () -> parameters
    2 readings   (meter, MTU) -> Reading; stays for ever, and so no reading is taken twice
    3 sums       (MTU, connection point) -> PointSum; deleted when the point is settled, whose statement has the same figures
    4 mtus       (MTU) -> Wh generated and consumed and number of readings, of all points; stays
    5 energy     () -> the same since genesis

Messages
    metering.submit_reading   a device's signed reading. One message a reading: a transaction carries 256 of them under one signature
                              of the sender, and a message of many readings would save a few bytes and lose the one-to-one of
                              message, result code and event.

Rules
    1. The device's signature is what counts, so anybody may bring it: owner, gateway, aggregator. The sender pays the fee. The signature
       covers chain id, device key, MTU and both energies (`reading_hash`); execution verifies it outside the state, before the
       message runs (`device_checks`), and a transaction with a wrong one never enters a block.
    2. A reading is taken once for each meter and MTU. A second one is refused even if it says the same.
    3. It is taken when chain time is at or after the end of the MTU and before the end plus `reading_window_ms`.
    4. A generation meter reports 0 consumed and a consumption meter 0 generated; what it reports is at most the meter's plausible maximum
       in an MTU. Whether the owner is active is not asked: suspension ends trading, not the flow of energy, and what was sold before
       must still be settled by what was measured. The DSO ends readings by unbinding the meter.
    5. What is generated mints that much GRID (1 kWh = 1 GRID, exact) to the hold and issues one lot to it. A reading of 0 issues none.
       Neither can be spent before the MTU is settled.
    6. A meter without a reading counts as 0: its trades stand, and settlement charges what is missing.

Result codes
    `MeteringCode`, 6xx, in order of precedence.

Parameters
    reading_window_ms   how long after the end of an MTU its readings are taken.

Invariants
    Per block: a reading neither changes nor goes away; new readings generated what lots were issued and what the sums grew by.
    Whole: sums over MTUs equal the running total, which equals lots issued.
"""
