"""The physical frame of the market: zones, lines with transfer capacity, the clock of market time units; and dated tariffs.

Concepts
    Node     a zone, where participants are, or a hub, where only lines meet. A star on one bus is six zones, one hub, six lines.
    Line     joins two nodes. It has an available transfer capacity (ATC) per MTU in each direction, and an owner.
    Way      the lines that energy from one zone to another passes; one for each ordered pair.
    MTU      market time unit: chain time // mtu_ms. Nominally a quarter hour, 96 make a day, however long `mtu_ms` is on a test chain.
    Day      96 MTUs, numbered from the one that begins at `day_origin_mtu`. It is a weekday or, whatever weekday, a holiday.
    Tariff   what the utility charges for energy that was not traded and pays for excess, and what the grid's owners charge. It holds
             from an MTU on, until the next one does.
    Band     of a tariff: a price of energy and a feed-in price, for the quarter hours that the schedule gives to it.
    Peak     hours of the day, within any band, whose price of energy is multiplied.
    Ft       fuel adjustment, on top of the price of energy of all bands; may be negative.
    Retail   what a kWh costs all in: (energy x multiplier + Ft) x (1 + VAT).
    Wheeling what the buyer pays on top of the seller's price: the distribution charge of the zone where it is delivered, to its DSO, and
             the charge of each line of the way, to its owner. VAT is in it.
    Notice   MTUs after the present one whose tariff nothing can change any more, so that orders know what they will be charged.

Tables
    1 params        () -> clock and notice
    2 zones         (number) -> Zone
    3 zone_numbers  (zone) -> number
    4 lines         (number) -> Line
    5 ways          (zone number from, zone number to) -> Way
    6 tariffs       (first MTU) -> Tariff
    7 holidays      (day) -> name
    8 fixed         () -> the first MTU that the latest change could have touched

Messages
    grid.set_tariff    a regulator sets the tariff from an MTU on
    grid.set_holidays  a regulator sets the holidays of all days from a day on

Rules
    1. The way between two zones has the fewest lines, then, in order of travel, the lowest line numbers; at most 8 lines. Charges have
       no say, so ways never change. The way from a zone to itself is empty.
    2. Energy within a zone pays the distribution charge alone. Charges of zones and of lines depend on the band; a line is passed in
       both directions at the same charge.
    3. The tariff of an MTU is the last one that comes into force at or before it. Its band is that of the first slot of the schedule
       that covers the kind of day (Monday to Sunday, holiday) and the quarter hour, or else the default band. Hours do not shift.
    4. The price of energy in peak hours is rounded down to 1e-6 THB, then retail is: (energy + Ft) x (1,000,000 + VAT in ppm) //
       1,000,000. On-peak in Thailand that is (5.7982 + 0.1623) x 1.07 = 6.377735 THB/kWh.
    5. A change takes effect from the MTU after the present one and the notice on, or later: `from_mtu` of a tariff, the begin of
       `from_day` of holidays. One that sets the tariff of the same `from_mtu` again replaces it. Past rows stay for good: entries of
       settlement that come late, and corrections, ask for the tariff of their MTU.
    6. At most 16 tariffs wait to come into force; at most 64 holidays are known ahead.
    7. A tariff charges each zone and each line once, with a charge for each band; its bands have different names, its schedule knows
       them; with Ft and VAT no price is negative, in peak hours or not; no feed-in price is above it. Genesis is held to the same.
    8. `capacities(reader, mtu)` is the one place where the ATC of an MTU comes from.

Result codes
    `GridCode`, 4xx; UNKNOWN_ZONE and NO_WAY are raised in the name of the grid by messages of later modules.

Parameters
    params.clock        mtu_ms, day_origin_mtu, weekday_of_origin
    params.notice_mtus  at least as far as orders are taken
    zones, hubs, lines, holidays, tariff (in force from MTU 0 on)

Invariants
    Per block: clock, zones, lines and ways stay; tariffs and holidays change only from the MTU `fixed` on, which never goes back.
    Whole: zone numbers are places; each way is the best one; every tariff keeps rule 7, its charges in order of the numbers.

Files
    clock.py          what an MTU is, the tariff in force, prices
    network.py        zones, ways, capacities, wheeling
    tariffs.py        records of a tariff; tariff_checks.py rule 7
    ways.py           rule 1
"""
