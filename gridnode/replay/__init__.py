"""The replay of a real day: the meters of a CSV file register, offer, bid, measure and settle on a running network, through its REST API.

Concepts
    day.py        the input file: meters, their zones, kinds and connection points, Wh per quarter hour; every bad cell is named.
    cast.py       who acts: one participant a connection point, one device key a meter, all drawn from the seed.
    intentions.py what each connection point offers or bids for each MTU, and at which limit; from the day and the seed alone.
    driver.py     sends it all, at the pace of chain time, to different validators; retries what a stopped node did not take.
    report.py     reads the finished chain through the API and adds it up; checks what must hold.
    picture.py    price and volume per MTU, energy by zone and source, as a PNG.
    network.py    starts and stops the validators as processes of their own.

The same file and the same seed submit the same orders and readings, byte for byte of what they say (envelopes carry the run's times).
"""
