"""gridnode tx: orders, sheets, cancels, and what orders may say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridnode.cli.ask import DEFAULT_API, Api, AsJson, get
from gridnode.cli.tx import Keystore, PasswordFile, Wait, send_one

app = typer.Typer(rich_markup_mode=None)

Point = Annotated[str, typer.Argument(help="Your connection point.")]
OfMtu = Annotated[int, typer.Option("--mtu", min=0, help="Market time unit of delivery.")]
EnergyWh = Annotated[int, typer.Option(min=1, help="Energy in Wh.")]
OrderLimit = Annotated[str, typer.Option("--limit", help="Limit in THB per kWh, e.g. 3.5; none of a market order.")]
OrderTerms = Annotated[
    str,
    typer.Option(
        "--terms",
        help="rest: at once, what is left waits. ioc: at once, what is left ends. fok: at once and whole, or not at all. post_only: waits, "
        "ends if it would trade at once. market: at once, no worse than the utility's tariff. auction: in the call auction only.",
    ),
]
GoodUntil = Annotated[str, typer.Option(help="When it ends: 2026-01-05T12:00+07:00, or unix ms; else at gate closure.")]
Hours = Annotated[float | None, typer.Option(min=0, help="It ends in so many hours.")]
Prefer = Annotated[
    list[str] | None,
    typer.Option(help="Whom to try before others: an address, sources (solar+wind), or grid1...:solar; may be repeated, in order."),
]
SheetId = Annotated[int | None, typer.Option(min=0, help="Your number for the sheet; the time in ms by default.")]
SheetFile = Annotated[
    Path,
    typer.Argument(help="CSV with a header, or JSON objects: mtu, side, energy_wh, limit, sources, terms, good_until, prefer."),
]
Price = Annotated[str | None, typer.Option(help="THB per kWh; as it will be then unless told.")]
BoundWh = Annotated[int | None, typer.Option(min=1, help="Wh; as it will be then unless told.")]


@app.command()
def bid(
    point: Point,
    mtu: OfMtu,
    energy_wh: EnergyWh,
    keystore: Keystore,
    limit: OrderLimit = "",
    source: Annotated[list[str] | None, typer.Option(help="Source that it accepts, may be repeated; any unless told.")] = None,
    terms: OrderTerms = "rest",
    good_until: GoodUntil = "",
    hours: Hours = None,
    prefer: Prefer = None,
    only_preferred: Annotated[bool, typer.Option("--only-preferred", help="Take nobody else's energy.")] = False,
    sheet_id: SheetId = None,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Bid for energy delivered to your connection point in one market time unit; the limit includes wheeling, not the fee."""
    sources = "none" if only_preferred else "+".join(source or [])
    row = _row("bid", mtu, energy_wh, limit, sources, terms, prefer) | {"good_until": _until(good_until, hours)}
    _place(row, point, sheet_id, keystore, password_file, api, wait, as_json)


@app.command()
def offer(
    point: Point,
    mtu: OfMtu,
    energy_wh: EnergyWh,
    source: Annotated[str, typer.Option(help="What generates it, e.g. solar.")],
    keystore: Keystore,
    limit: OrderLimit = "",
    terms: OrderTerms = "rest",
    good_until: GoodUntil = "",
    hours: Hours = None,
    prefer: Prefer = None,
    sheet_id: SheetId = None,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Offer energy of your connection point in one market time unit."""
    row = _row("offer", mtu, energy_wh, limit, source, terms, prefer) | {"good_until": _until(good_until, hours)}
    _place(row, point, sheet_id, keystore, password_file, api, wait, as_json)


def _row(
    side: str, mtu: int, energy_wh: int, limit: str, sources: str, terms: str, prefer: list[str] | None
) -> dict[str, str]:
    return {
        "side": side,
        "mtu": str(mtu),
        "energy_wh": str(energy_wh),
        "limit": limit,
        "sources": sources,
        "terms": terms,
        "prefer": "|".join(prefer or []),
    }


def _until(good_until: str, hours: float | None) -> str:
    """When an order ends, as text of an entry."""
    from gridnode.cli.signing import now_ms
    from gridnode.primitives.errors import OperatorError

    if good_until and hours is not None:
        raise OperatorError("--hours: expected --good-until or --hours, not both")
    return good_until if hours is None else str(now_ms() + round(hours * 3_600_000))


def _place(
    row: dict[str, str],
    point: str,
    sheet_id: int | None,
    keystore: Path,
    password_file: Path | None,
    api: str,
    wait: bool,
    as_json: bool,
) -> None:
    from gridnode.cli.order_entry import entry
    from gridnode.cli.signing import now_ms

    body = {"sheet_id": now_ms() if sheet_id is None else sheet_id, "point": point, "entries": [entry(row)]}
    send_one("market.place_sheet", body, keystore, password_file, api, wait, as_json)


@app.command()
def sheet(
    point: Point,
    file: SheetFile,
    keystore: Keystore,
    sheet_id: SheetId = None,
    revision: Annotated[
        int | None, typer.Option(min=1, help="Replace the sheet, making this revision of it: one more than it has now.")
    ] = None,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Place up to 96 orders of a file, all or none; with --revision in the place of what is left of a sheet."""
    from gridnode.cli.order_entry import entries_of_file
    from gridnode.cli.signing import now_ms
    from gridnode.primitives.errors import OperatorError

    if revision is not None and sheet_id is None:
        raise OperatorError("--sheet-id: expected your number of the sheet that is replaced")
    body = {"sheet_id": now_ms() if sheet_id is None else sheet_id, "point": point, "entries": entries_of_file(file)}
    kind = "market.place_sheet" if revision is None else "market.replace_sheet"
    body |= {} if revision is None else {"revision": revision}
    send_one(kind, body, keystore, password_file, api, wait, as_json)


@app.command()
def cancel(
    number: Annotated[int, typer.Argument(min=0, help="Number of the order, or of the sheet with --sheet.")],
    keystore: Keystore,
    sheet: Annotated[bool, typer.Option("--sheet", help="Cancel a whole sheet by your number for it.")] = False,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Take back what is left of an order or of a sheet."""
    kind, body = ("market.cancel_sheet", {"sheet_id": number}) if sheet else ("market.cancel_order", {"order": number})
    send_one(kind, body, keystore, password_file, api, wait, as_json)


@app.command()
def cancel_all(
    keystore: Keystore,
    from_mtu: Annotated[int, typer.Option(min=0, help="Of this market time unit and later; else all.")] = 0,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Take back what is left of all your orders."""
    send_one("market.cancel_all", {"from_mtu": from_mtu}, keystore, password_file, api, wait, as_json)


@app.command()
def set_bounds(
    from_mtu: Annotated[int, typer.Option(min=0, help="First market time unit for which they hold; not open yet.")],
    keystore: Keystore,
    min_order_wh: BoundWh = None,
    max_order_wh: BoundWh = None,
    tick: Price = None,
    floor: Price = None,
    cap: Price = None,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Say what orders may say from a market time unit on; the sender is a regulator."""
    from gridnode.cli.body import price

    named = {"price_tick_micro": tick, "price_floor_micro": floor, "price_cap_micro": cap}
    told = {"min_order_wh": min_order_wh, "max_order_wh": max_order_wh}
    told |= {name: None if text is None else price(text) for name, text in named.items()}
    known = get(api, "energy/bounds", mtu=from_mtu) if None in told.values() else {}
    bounds = {name: known[name] if value is None else value for name, value in told.items()}
    send_one("market.set_bounds", {"from_mtu": from_mtu, "bounds": bounds}, keystore, password_file, api, wait, as_json)
