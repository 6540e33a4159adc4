"""The call auction, compiled; rules in `gridnode.modules.market.auction`. Numbers out of range raise ValueError."""

from typing_extensions import Buffer

def clear(
    zones: int,
    zone: Buffer,
    side: Buffer,
    energy_wh: Buffer,
    price: Buffer,
    from_zone: Buffer,
    to_zone: Buffer,
    atc_wh: Buffer,
    wheeling: Buffer,
) -> tuple[memoryview[int], list[int], list[int]]:
    """Clear orders over lines, int64 columns of each; return (accepted_wh, prices, flows_wh) by order, zone and line.

    `zone`, `from_zone` and `to_zone` count from 0 to zones - 1; `side` is 0 for a bid and 1 for an offer.
    """
