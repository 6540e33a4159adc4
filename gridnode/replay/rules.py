"""The genesis of a replay's network, as the document of a genesis file: Thailand's institutions and tariff, six zones on one bus.

Each zone hangs on the medium-voltage bus by its transformer, whose capacity is the line's ATC per MTU in both directions. The tariff is
PEA's time of use for low voltage. The limits of the replay's orders lie between feed-in and retail, so wheeling is small here: at the
grid owner's full charge little would trade off-peak.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
RETAIL_ON_PEAK_MICRO = 5_798_200
RETAIL_OFF_PEAK_MICRO = 2_636_900
ON_PEAK = range(36, 88)
"""Quarter hours 09:00 to 22:00; the day of the data is a Wednesday."""
WEDNESDAY = 2
WHEELING_MICRO = 10_000
TRADE_FEE_MICRO = 1_000
INSTITUTION_FUNDS = 10_000_000 * 10**9
"""THB (1e-9) that each institution starts with."""
WINDOW_MTUS = 8
"""An MTU is settled so many MTUs after its end, from the readings that are there."""
CORRECTION_MTUS = 12
"""Corrections are taken for so many MTUs more."""


def limits_micro(quarter: int) -> tuple[int, int]:
    """Feed-in and retail tariff of a quarter hour of the day, 1e-6 THB/kWh: the range of the replay's limit prices."""
    return FEED_IN_MICRO, RETAIL_ON_PEAK_MICRO if quarter in ON_PEAK else RETAIL_OFF_PEAK_MICRO


def genesis_document(
    chain_id: str,
    start_ms: int,
    mtu_ms: int,
    first_mtu: int,
    accounts: Mapping[str, str],
    validators: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """Document of the genesis file; `validators` are (name, consensus key in hex), their operators the accounts of the same name."""
    return {
        "chain_id": chain_id,
        "time_ms": start_ms,
        "version": 1,
        "accounts": dict(accounts),
        "chain": _chain(),
        "validators": [{"name": name, "key": key, "power": 1, "operator": name} for name, key in validators],
        "token": _token(accounts),
        "registry": _registry(accounts),
        "grid": _grid(mtu_ms, first_mtu),
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


def _grid(mtu_ms: int, first_mtu: int) -> dict[str, Any]:
    return {
        "params": {
            "clock": {"mtu_ms": mtu_ms, "day_origin_mtu": first_mtu, "weekday_of_origin": WEDNESDAY},
            "tariff": {
                "retail_on_peak_micro_per_kwh": RETAIL_ON_PEAK_MICRO,
                "retail_off_peak_micro_per_kwh": RETAIL_OFF_PEAK_MICRO,
                "feed_in_micro_per_kwh": FEED_IN_MICRO,
                "on_peak_from": ON_PEAK.start,
                "on_peak_until": ON_PEAK.stop,
                "on_peak_weekdays": 0b0011111,
            },
        },
        "zones": [
            {
                "name": zone,
                "distribution_on_peak_micro_per_kwh": WHEELING_MICRO,
                "distribution_off_peak_micro_per_kwh": WHEELING_MICRO,
            }
            for zone in CAPACITY_WH
        ],
        "hubs": ["BUS"],
        "lines": [
            {
                "name": zone,
                "start": zone,
                "end": "BUS",
                "atc_forward_wh": capacity,
                "atc_backward_wh": capacity,
                "wheeling_micro_per_kwh": WHEELING_MICRO,
                "owner": DSO_OF_ZONE[zone],
            }
            for zone, capacity in CAPACITY_WH.items()
        ],
    }


def _energy(mtu_ms: int) -> dict[str, Any]:
    return {
        "lots": {"carbon": [{"source": "solar", "carbon_g_per_kwh": 0}]},
        "metering": {
            "reading_window_ms": WINDOW_MTUS * mtu_ms,
            "correction_window_ms": (WINDOW_MTUS + CORRECTION_MTUS) * mtu_ms,
        },
        "market": {
            "mode": "continuous",
            "bounds": {
                "min_order_wh": 1,
                "max_order_wh": 10_000_000,
                "price_tick_micro": 1,
                "price_floor_micro": 0,
                "price_cap_micro": 100_000_000,
            },
            "trade_fee_micro": TRADE_FEE_MICRO,
            "fee_account": REGULATOR,
            "open_ahead_mtus": 192,
            "gate_closure_ms": mtu_ms,
            "call_ms": 0,
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
