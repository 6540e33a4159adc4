"""gridnode explain: why two orders met, or why an order did not trade."""

from __future__ import annotations

from typing import Annotated

import typer

from gridnode.cli.ask import DEFAULT_API, Api, AsJson, get
from gridnode.cli.show import show


def explain(
    trade: Annotated[int | None, typer.Argument(min=1, help="Number of the trade.")] = None,
    order: Annotated[int | None, typer.Option("--order", min=1, help="Number of an order instead.")] = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """Say why a trade is as it is, or, with --order, why an order did or did not trade."""
    from gridnode.primitives.errors import OperatorError

    if (trade is None) == (order is None):
        raise OperatorError("explain: expected the number of a trade, or --order and that of an order")
    path = f"energy/orders/{order}/explanation" if trade is None else f"energy/trades/{trade}/explanation"
    found = get(api, path)
    show(found if as_json else found["text"], as_json)
