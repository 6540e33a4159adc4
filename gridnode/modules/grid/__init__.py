"""The physical frame of the market: zones, lines with transfer capacity, the clock of market time units, the tariff.

Concepts
    Node     a zone, where participants are, or a hub, where only lines meet. A star on one bus is six zones, one hub, six lines.
    Line     joins two nodes. It has an available transfer capacity (ATC) per MTU in each direction, a wheeling charge, and an owner.
    Way      the lines that energy from one zone to another passes; one for each ordered pair.
    MTU      market time unit: chain time // mtu_ms. Nominally a quarter hour, 96 make a day, however long `mtu_ms` is on a test chain.
    Band     on-peak or off-peak; it follows from the MTU's quarter of the day and weekday, counted from `day_origin_mtu`.
    Wheeling what the buyer pays on top of the seller's price: the distribution charge of the zone where it is delivered, to its DSO, and
             the charge of each line of the way, to its owner.

Tables
    1 params        () -> clock and tariff
    2 zones         (number) -> Zone
    3 zone_numbers  (zone) -> number
    4 lines         (number) -> Line
    5 ways          (zone number from, zone number to) -> Way

Messages
    None: the network stays as genesis has it.

Rules
    1. The way between two zones has the least wheeling of lines, then the fewest lines, then, in order of travel, the lowest line
       numbers; at most 8 lines. Lines are passed in both directions at the same charge. The way from a zone to itself is empty.
    2. Energy within a zone pays the distribution charge alone. The distribution charge depends on the band, that of lines does not.
    3. Days have 96 MTUs and there is no other calendar: holidays are ordinary days, hours do not shift.
    4. `capacities(reader, mtu)` is the one place where the ATC of an MTU comes from.

Result codes
    `GridCode`, 4xx, raised in the name of the grid by messages of later modules.

Parameters
    params.clock    mtu_ms, day_origin_mtu, weekday_of_origin
    params.tariff   retail on-peak and off-peak, feed-in; hours and weekdays that are on-peak
    zones, hubs, lines

Invariants
    Per block: no row changes.
    Whole: zone numbers are places; each way is the best one.
"""
