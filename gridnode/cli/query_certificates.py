"""gridnode query: lots, bundles and carbon credits."""

from __future__ import annotations

from typing import Annotated

import typer

from gridnode.cli.ask import DEFAULT_API, Api, AsJson, get
from gridnode.cli.query import Address, After, Limit, Number, Owner
from gridnode.cli.show import show

app = typer.Typer(rich_markup_mode=None)

Retired = Annotated[bool | None, typer.Option("--retired/--live", help="Certificates, or what can still move.")]


@app.command()
def lots(
    owner: Address,
    retired: Retired = None,
    limit: Limit = None,
    after: After = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """Energy lots of an account."""
    show(get(api, "lots", owner=owner, retired=_text(retired), limit=limit, after=after), as_json)


@app.command()
def lot(number: Number, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """One energy lot, as a certificate."""
    show(get(api, f"lots/{number}"), as_json)


@app.command()
def bundles(
    owner: Address,
    retired: Retired = None,
    limit: Limit = None,
    after: After = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """Bundles of an account."""
    show(get(api, "bundles", owner=owner, retired=_text(retired), limit=limit, after=after), as_json)


@app.command()
def bundle(number: Number, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """One bundle."""
    show(get(api, f"bundles/{number}"), as_json)


@app.command()
def bundle_lots(
    number: Number, limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False
) -> None:
    """Lots inside of a bundle."""
    show(get(api, f"bundles/{number}/lots", limit=limit, after=after), as_json)


@app.command()
def carbon_params(api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Credits of each source, and what orders for credits may say."""
    show(get(api, "carbon/params"), as_json)


@app.command()
def carbon_book(limit: Limit = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Depth of the credits' order book."""
    show(get(api, "carbon/book", limit=limit), as_json)


@app.command()
def carbon_orders(
    owner: Owner = None,
    status: Annotated[str | None, typer.Option(help="active, partly_filled, filled or cancelled.")] = None,
    limit: Limit = None,
    after: After = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """Orders for credits, the latest first."""
    show(get(api, "carbon/orders", owner=owner, status=status, limit=limit, after=after), as_json)


@app.command()
def carbon_trades(
    owner: Owner = None, limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False
) -> None:
    """Trades of credits, the latest first."""
    show(get(api, "carbon/trades", owner=owner, limit=limit, after=after), as_json)


@app.command()
def leaderboard(limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Accounts by carbon credits earned."""
    show(get(api, "carbon/leaderboard", limit=limit, after=after), as_json)


@app.command()
def carbon_stats(api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Prices, volume and sums of carbon credits."""
    show(get(api, "carbon/stats"), as_json)


def _text(choice: bool | None) -> str | None:
    return None if choice is None else str(choice).lower()
