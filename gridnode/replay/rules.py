"""The genesis of a replay's network, as the document of a genesis file: Thailand's institutions and tariff, six zones on one bus.

Each zone hangs on the medium-voltage bus by its transformer, whose capacity is the line's ATC per MTU in both directions. The tariff is
PEA's time of use for low voltage with Ft and VAT. The limits of the replay's orders lie between feed-in and all-in retail, so wheeling
is small here: at the grid owner's full charge nothing would trade off-peak.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gridnode.codec.records import to_json
from gridnode.modules.grid.tariffs import Band, Charge, Slot, Tariff
from gridnode.primitives.units import PPM, PriceMicro
from gridnode.replay.cast import ISSUER, REGULATOR

CAPACITY_WH = {
    "BANGKOK": 157_500,
    "CENTRAL": 157_500,
    "EAST": 100_000,
    "NORTH": 100_000,
    "NORTHEAST": 40_000,
    "SOUTH": 62_500,
}
"""ATC of each zone's line, Wh per MTU, in and out."""
DSO_OF_ZONE = {zone: "MEA" if zone == "BANGKOK" else "PEA" for zone in CAPACITY_WH}
"""Who runs the distribution grid."""
FEED_IN_MICRO = 2_200_000
WEDNESDAY = 2
"""Weekday of the data's day; it is no holiday."""
OPEN_AHEAD_MTUS = 192
"""Orders are taken for two days, and tariffs are known as far."""
WHEELING_MICRO = 10_000
TARIFF = Tariff(
    bands=(
        Band("on-peak", PriceMicro(5_798_200), PriceMicro(FEED_IN_MICRO)),
        Band("off-peak", PriceMicro(2_636_900), PriceMicro(FEED_IN_MICRO)),
    ),
    default_band="off-peak",
    schedule=(Slot(0b0011111, 36, 88, "on-peak"),),  # Monday to Friday 09:00 to 22:00
    peak_from_quarter=0,
    peak_until_quarter=0,
    peak_multiplier_ppm=PPM,
    ft_micro_per_kwh=PriceMicro(162_300),
    vat_ppm=70_000,
    distribution=tuple(Charge(zone, (PriceMicro(WHEELING_MICRO),) * 2) for zone in CAPACITY_WH),
    wheeling=tuple(Charge(zone, (PriceMicro(WHEELING_MICRO),) * 2) for zone in CAPACITY_WH),  # a zone's line has its name
)
TRADE_FEE_MICRO = 1_000
INSTITUTION_FUNDS = 10_000_000 * 10**9
"""THB (1e-9) that each institution starts with."""
WINDOW_MTUS = 8
"""An MTU is settled so many MTUs after its end, from the readings that are there."""
CORRECTION_MTUS = 12
"""Corrections are taken for so many MTUs more."""


def limits_micro(quarter: int) -> tuple[int, int]:
    """Feed-in and all-in retail tariff of a quarter hour of the day, 1e-6 THB/kWh: the range of the replay's limit prices."""
    band = TARIFF.band_number(WEDNESDAY, quarter)
    energy = TARIFF.energy_micro_per_kwh(band, TARIFF.is_peak(quarter))
    return TARIFF.bands[band].feed_in_micro_per_kwh, TARIFF.retail_micro_per_kwh(energy)


def capacity_wh(percent: int = 100) -> dict[str, int]:
    """ATC of each zone's line when all are `percent` of what they are, Wh per MTU, rounded down."""
    return {zone: capacity * percent // 100 for zone, capacity in CAPACITY_WH.items()}


def genesis_document(
    chain_id: str,
    start_ms: int,
    mtu_ms: int,
    first_mtu: int,
    accounts: Mapping[str, str],
    validators: Sequence[tuple[str, str]],
    lines_percent: int = 100,
) -> dict[str, Any]:
    """Document of the genesis file; `validators` are (name, consensus key in hex), their operators the accounts of the same name.

    lines_percent   capacity of all lines, percent of CAPACITY_WH
    """
    return {
        "chain_id": chain_id,
        "time_ms": start_ms,
        "version": 1,
        "accounts": dict(accounts),
        "chain": _chain(),
        "validators": [{"name": name, "key": key, "power": 1, "operator": name} for name, key in validators],
        "validator_params": _validator_params(),
        "token": _token(accounts),
        "registry": _registry(accounts),
        "grid": _grid(mtu_ms, first_mtu, capacity_wh(lines_percent)),
        **_energy(mtu_ms),
    }


def _chain() -> dict[str, int]:
    return {
        "block_interval_ms": 250,
        "heartbeat_ms": 1_000,
        "propose_timeout_ms": 1_500,
        "vote_timeout_ms": 500,
        "timeout_step_ms": 500,
        "timeout_cap_ms": 10_000,
        "max_block_bytes": 2 * 1024 * 1024,
        "max_block_transactions": 2_000,
        "max_block_messages": 4_000,
    }


def _validator_params() -> dict[str, Any]:
    """A bond of a GRID counts; a replayed day is over before an unbonded amount is home."""
    return {
        "authority_share_ppm": 670_000,
        "min_bond": str(10**18),
        "unbonding_ms": 90_000_000,
        "evidence_ms": 80_000_000,
        "evidence_blocks": 1_000_000,
        "jail_ms": 10_000,
        "misses_to_jail": 3,
        "slash_ppm": 50_000,
        "slashed_account": REGULATOR,
    }


def _token(accounts: Mapping[str, str]) -> dict[str, Any]:
    return {
        "balances": [
            {"account": name, "denomination": "thb", "amount": str(INSTITUTION_FUNDS)} for name in accounts
        ],
        "roles": [
            {"account": ISSUER, "denomination": "thb", "role": "minter"},
            {"account": ISSUER, "denomination": "thb", "role": "burner"},
        ],
        "fees": {"transaction": "1000000", "messages": [{"module": "token", "fee": "1000000"}]},
    }


def _registry(accounts: Mapping[str, str]) -> dict[str, Any]:
    roles = {REGULATOR: "regulator", "MEA": "dso", "PEA": "dso", "EGAT": "tso", ISSUER: "issuer"}
    return {
        "institutions": [
            {"account": name, "role": role, "name": name} for name, role in roles.items() if name in accounts
        ],
        "services": [{"zone": zone, "dso": dso} for zone, dso in DSO_OF_ZONE.items()],
    }


def _grid(mtu_ms: int, first_mtu: int, capacities_wh: Mapping[str, int]) -> dict[str, Any]:
    return {
        "params": {
            "clock": {"mtu_ms": mtu_ms, "day_origin_mtu": first_mtu, "weekday_of_origin": WEDNESDAY},
            "notice_mtus": OPEN_AHEAD_MTUS,
        },
        "zones": [{"name": zone} for zone in CAPACITY_WH],
        "hubs": ["BUS"],
        "lines": [
            {
                "name": zone,
                "start": zone,
                "end": "BUS",
                "atc_forward_wh": capacity,
                "atc_backward_wh": capacity,
                "owner": DSO_OF_ZONE[zone],
            }
            for zone, capacity in capacities_wh.items()
        ],
        "holidays": [],
        "tariff": to_json(TARIFF),
    }


def _energy(mtu_ms: int) -> dict[str, Any]:
    return {
        "lots": {"carbon": [{"source": "solar", "carbon_g_per_kwh": 0}]},
        "metering": {
            "reading_window_ms": WINDOW_MTUS * mtu_ms,
            "correction_window_ms": (WINDOW_MTUS + CORRECTION_MTUS) * mtu_ms,
        },
        "market": {
            "mode": "both",
            "bounds": {
                "min_order_wh": 1,
                "max_order_wh": 10_000_000,
                "price_tick_micro": 1,
                "price_floor_micro": 0,
                "price_cap_micro": 100_000_000,
            },
            "trade_fee_micro": TRADE_FEE_MICRO,
            "fee_account": REGULATOR,
            "open_ahead_mtus": OPEN_AHEAD_MTUS,
            "gate_closure_ms": mtu_ms,
            "call_ms": mtu_ms // 3,
            "max_book_orders": 20_000,
            "max_open_orders": 1_000,
            "lock_from_wh": 0,
            "match_steps_per_block": 4_000,
            "expiries_per_block": 2_000,
        },
        "carbon": {
            "rates": [{"source": "solar", "nano_per_wh": 500_000}],
            "amount_step_nano": 100_000,
            "min_amount_nano": 1_000_000,
            "max_amount_nano": 10**15,
            "price_tick_micro": 10_000,
            "price_floor_micro": 10_000,
            "price_cap_micro": 100_000_000,
            "fee_micro": 10_000,
            "fee_account": REGULATOR,
            "max_open_orders": 64,
            "match_steps": 32,
        },
        "settlement": {"steps_per_block": 2_000},
    }
