"""gridnode query: orders, trades, books, auctions, prices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from gridnode.cli import market_tables as tables
from gridnode.cli.ask import DEFAULT_API, Api, AsJson, get
from gridnode.cli.query import After, ForMtu, Limit, Mtu, Number, Owner
from gridnode.cli.show import show

app = typer.Typer(rich_markup_mode=None)

Zone = Annotated[str | None, typer.Option("--zone", help="Of this zone.")]
From = Annotated[int | None, typer.Option("--from", min=0, help="First one.")]
To = Annotated[int | None, typer.Option("--to", min=0, help="First one behind the range.")]
Unit = Annotated[str | None, typer.Option(help="mtu or hour.")]


def _ask(api: str, as_json: bool, path: str, table: Callable[[Any], Any] = tables.dated, **parameters: Any) -> None:
    """Print an answer: for people as `table` makes it."""
    data = get(api, path, **parameters)
    show(data if as_json else table(data), as_json)


@app.command()
def orders(
    mtu: ForMtu = None,
    owner: Owner = None,
    status: Annotated[str | None, typer.Option(help="active, partly_filled, filled, cancelled or expired.")] = None,
    terms: Annotated[str | None, typer.Option(help="rest, ioc, fok, post_only, market or auction.")] = None,
    side: Annotated[str | None, typer.Option(help="bid or offer.")] = None,
    zone: Zone = None,
    limit: Limit = None,
    after: After = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """Orders of a market time unit or of an owner."""
    chosen = {"mtu": mtu, "owner": owner, "status": status, "terms": terms, "side": side, "zone": zone}
    _ask(api, as_json, "energy/orders", lambda data: tables.page(data, tables.ORDERS), limit=limit, after=after, **chosen)


@app.command()
def order(number: Number, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """One order."""
    _ask(api, as_json, f"energy/orders/{number}")


@app.command()
def trades(
    mtu: ForMtu = None,
    owner: Owner = None,
    phase: Annotated[str | None, typer.Option(help="continuous or auction.")] = None,
    limit: Limit = None,
    after: After = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """Trades of a market time unit, of an owner, or the latest."""
    chosen = {"mtu": mtu, "owner": owner, "phase": phase, "limit": limit, "after": after}
    _ask(api, as_json, "energy/trades", lambda data: tables.page(data, tables.TRADES), **chosen)


@app.command()
def trade(number: Number, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """One trade."""
    _ask(api, as_json, f"energy/trades/{number}")


@app.command()
def book(mtu: Mtu, zone: Zone = None, limit: Limit = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Best prices and depth of a market time unit's book; with --zone that zone's, and prices as seen from it."""
    _ask(api, as_json, f"energy/book/{mtu}", tables.book, zone=zone, limit=limit)


@app.command()
def period(mtu: Mtu, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Phase and times of a market time unit: opening, call, gate closure, delivery, end of readings and corrections."""
    _ask(api, as_json, f"energy/periods/{mtu}")


@app.command()
def periods(limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Market time units that have open orders."""
    _ask(api, as_json, "energy/periods", lambda data: tables.page(data, tables.PERIODS), limit=limit, after=after)


@app.command()
def auctions(limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Call auctions that were held: volume, congestion rent, the price of each zone."""
    _ask(api, as_json, "energy/auctions", tables.auctions, limit=limit, after=after)


@app.command()
def auction(
    mtu: Mtu,
    indicative: Annotated[bool, typer.Option("--indicative", help="What it would give if its gate closed now.")] = False,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """The call auction of a market time unit: zones, flows, paths."""
    if indicative:
        _ask(api, as_json, f"energy/auctions/{mtu}/indicative", tables.indicative)
    else:
        _ask(api, as_json, f"energy/auctions/{mtu}", tables.auction)


@app.command()
def candles(
    interval: Unit = None,
    from_: From = None,
    to: To = None,
    limit: Limit = None,
    after: After = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """Prices by the time of trading; --from and --to are unix ms."""
    chosen = {"interval": interval, "from": from_, "to": to, "limit": limit, "after": after}
    _ask(api, as_json, "energy/candles", lambda data: tables.page(data, ("start", *tables.CANDLE)), **chosen)


@app.command()
def history(
    unit: Unit = None,
    from_: From = None,
    to: To = None,
    limit: Limit = None,
    after: After = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """Prices by the time of delivery; --from and --to are market time units."""
    chosen = {"unit": unit, "from": from_, "to": to, "limit": limit, "after": after}
    _ask(api, as_json, "energy/history", lambda data: tables.page(data, ("mtu", "start", *tables.CANDLE)), **chosen)


@app.command()
def stats(mtu: ForMtu = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Orders, trades, prices, energy: of one market time unit or of all."""
    _ask(api, as_json, "energy/stats", tables.stats, mtu=mtu)


@app.command()
def bounds(mtu: ForMtu = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """What orders for a market time unit may say, the present one unless told."""
    _ask(api, as_json, "energy/bounds", mtu=mtu)


@app.command()
def dated_bounds(limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """All bounds of orders, the latest first, those to come included."""
    _ask(api, as_json, "energy/bounds/dated", limit=limit, after=after)
