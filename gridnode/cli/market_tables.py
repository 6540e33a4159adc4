"""Answers about the market as tables that people can read: the columns that matter, times as dates, a price for each zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

UNITS: Final = {"_thb_per_kwh": "THB/kWh", "_thb": "THB", "_wh": "Wh"}
ORDERS: Final = (
    "number",
    "mtu",
    "side",
    "zone",
    "energy_wh",
    "remaining_wh",
    "limit_thb_per_kwh",
    "sources",
    "terms",
    "status",
    "ending",
    "sheet_id",
)
TRADES: Final = (
    "number",
    "mtu",
    "phase",
    "seller_zone",
    "buyer_zone",
    "source",
    "energy_wh",
    "price_thb_per_kwh",
    "wheeling_thb_per_kwh",
    "rent_thb_per_kwh",
    "paid_thb_per_kwh",
    "cost_thb",
    "delivered_wh",
)
CANDLE: Final = (
    "trades",
    "volume_wh",
    "open_thb_per_kwh",
    "high_thb_per_kwh",
    "low_thb_per_kwh",
    "close_thb_per_kwh",
    "vwap_thb_per_kwh",
)
PERIODS: Final = ("mtu", "phase", "open_orders", "opens", "call_start", "gate_closure", "delivery_start", "is_settled")
LEVELS: Final = ("zone", "limit_thb_per_kwh", "energy_wh", "orders")
PATHS: Final = (
    "path",
    "seller_zone",
    "buyer_zone",
    "lines",
    "price_thb_per_kwh",
    "wheeling_thb_per_kwh",
    "rent_thb_per_kwh",
    "energy_wh",
    "left_wh",
)
REACHED: Final = ("zone", "limit_thb_per_kwh", "wheeling_thb_per_kwh", "price_thb_per_kwh", "energy_wh", "room_wh")


def page(data: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """A page of rows with these columns alone; `opens` shows `opens_ms` as a date."""
    return {"rows": [_picked(row, columns) for row in data["rows"]], "next": data["next"]}


def dated(data: Mapping[str, Any]) -> dict[str, Any]:
    """An object with its times as dates."""
    return {
        name.removesuffix("_ms"): date(value) if name.endswith("_ms") else value for name, value in data.items()
    }


def date(time_ms: int | None) -> str | None:
    """Chain time as a date in UTC."""
    if time_ms is None:
        return None
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _picked(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {name: row[name] if name in row else date(row[f"{name}_ms"]) for name in columns}
    if "sources" in values:
        values["sources"] = _sources(values["sources"])
    return {_heading(name): value for name, value in values.items()}


def _sources(names: Sequence[str]) -> str:
    """Sources in a word, when an order takes all."""
    from gridnode.modules.registry.tables import Source

    return "any" if len(names) == len(Source) else " ".join(names)


def _heading(name: str) -> str:
    """A column's name in words, its unit last: a narrow table breaks it between them."""
    for suffix, unit in UNITS.items():
        if name.endswith(suffix):
            return f"{name.removesuffix(suffix)} {unit}"
    return name.replace("_", " ")


def auctions(data: Mapping[str, Any]) -> dict[str, Any]:
    """Auctions with the price of each zone, THB per kWh."""
    return {"rows": [_auction(row) for row in data["rows"]], "next": data["next"]}


def _auction(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: row[name] for name in ("mtu", "height", "volume_wh", "value_thb", "rent_thb") if name in row}
    return shown | {zone["name"]: zone["price_thb_per_kwh"] for zone in row["summary"]["zones"]}


def auction(data: Mapping[str, Any]) -> dict[str, Any]:
    """One auction: its zones, lines and paths as tables."""
    summary = data["summary"]
    lines = [row for row in summary["lines"] if row["flow_wh"]]
    shown = {name: value for name, value in data.items() if name not in ("summary", "paths")}
    paths = {"paths": [_path(row) for row in data["paths"]]} if "paths" in data else {}
    return dated(shown) | {"orders": summary["orders"], "zones": summary["zones"], "flows": lines} | paths


def _path(row: Mapping[str, Any]) -> dict[str, Any]:
    """A path with its lines as text, those taken backward with a minus."""
    lines = " ".join(("" if hop["direction"] > 0 else "-") + hop["line"] for hop in row["lines"])
    return _picked({**row, "lines": lines}, PATHS)


def indicative(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an auction would give now."""
    rest = dated({name: value for name, value in data.items() if name != "clearing"})
    return rest | (auction(data["clearing"]) if data["clearing"] else {"clearing": None})


def book(data: Mapping[str, Any]) -> dict[str, Any]:
    """A book: best prices by zone, then depth; prices as seen from a zone when it has them."""
    shown = {name: value for name, value in data.items() if name != "seen_from_zone"}
    shown["zones"] = [_zone(row) for row in data["zones"]]
    for side in ("bids", "offers"):
        shown[side] = [_picked(row, LEVELS) for row in data[side]] or "none"
    seen = data.get("seen_from_zone", {"bids": [], "offers": []})
    for side in ("bids", "offers"):
        if seen[side]:
            shown[f"{side} seen from {seen['zone']}"] = [_picked(row, REACHED) for row in seen[side]]
    return shown


def _zone(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"zone": row["zone"]}
    for side in ("bid", "offer"):
        best = row[f"best_{side}"] or {}
        shown |= {f"best {side} THB/kWh": best.get("limit_thb_per_kwh"), f"best {side} Wh": best.get("energy_wh")}
        shown[f"{side}s Wh"] = row[f"{side}s_wh"]
    return shown


def stats(data: Mapping[str, Any]) -> dict[str, Any]:
    """Statistics, with the energy of the newest trades by zone and by source as tables."""
    newest = data["newest_trades"]
    parts = {name: dated(value) if isinstance(value, Mapping) else value for name, value in data.items()}
    for side in ("best_bid", "best_offer") if "next_book" in parts else ():
        parts["next_book"][side] = _best(parts["next_book"][side])
    return parts | {"newest_trades": newest["trades"], "by zone": newest["by_zone"], "by source": newest["by_source"]}


def _best(found: Mapping[str, Any] | None) -> str | None:
    """A price level in one line."""
    return f"{found['limit_thb_per_kwh']} THB/kWh, {found['energy_wh']} Wh in {found['zone']}" if found else None
