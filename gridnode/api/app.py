"""The application: one line a route, and this list is the table of contents.

Each line says method, path, handler, the query parameters it takes, and whether it is read in a worker thread (lists and whole blocks).
"""

from __future__ import annotations

from typing import NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from gridnode.api import (
    accounts,
    activity,
    auctions,
    books,
    carbon,
    chain,
    energy,
    explanations,
    light,
    lots,
    market,
    meters,
    prices,
    proofs,
    raw,
    settlements,
    state,
    tariffs,
    validators,
)
from gridnode.api.evidence import report
from gridnode.api.guard import Guard, on_fault, on_http_exception, on_problem
from gridnode.api.memo import Memo
from gridnode.api.openapi import describe
from gridnode.api.problems import Problem
from gridnode.api.reading import PAGE, Endpoint, Handler, Served, read
from gridnode.api.submit import submit

PREFIX = "/api/v1"


class Get(NamedTuple):
    """A question: where, who answers, with which query parameters."""

    path: str
    """Behind PREFIX."""
    handler: Handler
    """Answers."""
    query: tuple[str, ...] = ()
    """Query parameters it takes; others are refused."""
    threaded: bool = False
    """Read in a worker thread, because it may be large."""


QUESTIONS = (
    Get("/status", chain.status),
    Get("/consensus/state", chain.consensus_state),
    Get("/peers", chain.peers),
    Get("/validators", validators.validators),
    Get("/consensus", validators.consensus),
    Get("/blocks", chain.blocks, PAGE, True),
    Get("/blocks/{height}", chain.block, ("events",), True),
    Get("/blocks/hash/{hash}", chain.block_by_hash, ("events",), True),
    Get("/blocks/{height}/raw", raw.blocks, ("count",), True),
    Get("/snapshots", chain.snapshots),
    Get("/genesis/raw", raw.genesis),
    Get("/light/{height}/raw", light.blocks, ("count",), True),
    Get("/state", state.roots),
    Get("/state/digests", state.digests, ("after", "column"), True),
    Get("/state/rows", state.rows, ("after", "column", "until"), True),
    Get("/accounts/{address}", accounts.account),
    Get("/accounts/{address}/balance", accounts.balance),
    Get("/accounts/{address}/allowances", accounts.allowances, ("limit",)),
    Get("/accounts/{address}/transactions", accounts.account_transactions, PAGE, True),
    Get("/tokens", accounts.tokens),
    Get("/institutions", accounts.institutions),
    Get("/participants", accounts.participants, PAGE, True),
    Get("/points", meters.points, PAGE, True),
    Get("/points/{id}", meters.point_by_id),
    Get("/meters", meters.meters, (*PAGE, "point"), True),
    Get("/meters/{id}", meters.meter_by_id),
    Get("/meters/{id}/readings", meters.meter_readings, (*PAGE, "order"), True),
    Get("/meters/{id}/readings/{mtu}", meters.reading_versions, PAGE, True),
    Get("/meters/{id}/corrections", meters.meter_corrections, PAGE, True),
    Get("/lots", lots.lots, (*PAGE, "owner", "retired"), True),
    Get("/lots/{number}", lots.lot_by_number),
    Get("/bundles", lots.bundles, (*PAGE, "owner", "retired"), True),
    Get("/bundles/{number}", lots.bundle_by_number),
    Get("/bundles/{number}/lots", lots.bundle_lots, PAGE, True),
    Get("/zones", energy.zones),
    Get("/tariff", tariffs.tariff, ("mtu",)),
    Get("/tariffs", tariffs.tariffs, PAGE),
    Get("/holidays", tariffs.holidays, PAGE),
    Get("/energy/params", market.params),
    Get("/energy/bounds", market.bounds, ("mtu",)),
    Get("/energy/bounds/dated", market.all_bounds, PAGE),
    Get("/energy/orders", market.orders, (*PAGE, "mtu", "owner", "side", "status", "terms", "zone"), True),
    Get("/energy/orders/{number}", market.order_by_number),
    Get("/energy/orders/{number}/explanation", explanations.order_by_number, (), True),
    Get("/energy/trades", market.trades, (*PAGE, "mtu", "owner", "phase"), True),
    Get("/energy/trades/{number}", market.trade_by_number),
    Get("/energy/trades/{number}/explanation", explanations.trade_by_number),
    Get("/energy/periods", books.periods, PAGE, True),
    Get("/energy/periods/{mtu}", books.period_of_mtu),
    Get("/energy/book/{mtu}", books.book, ("limit", "zone"), True),
    Get("/energy/auctions", auctions.auctions, PAGE, True),
    Get("/energy/auctions/{mtu}", auctions.auction_of_mtu, (), True),
    Get("/energy/auctions/{mtu}/indicative", auctions.indicative, (), True),
    Get("/energy/candles", prices.candles, (*PAGE, "from", "interval", "to"), True),
    Get("/energy/history", prices.history, (*PAGE, "from", "to", "unit"), True),
    Get("/energy/stats", activity.stats, ("mtu",), True),
    Get("/energy/settlements", settlements.settlements, (*PAGE, "mtu", "owner", "point"), True),
    Get("/energy/settlements/{mtu}/{point}", settlements.settlement, PAGE, True),
    Get("/energy/congestion", settlements.congestion, PAGE, True),
    Get("/energy/locks", settlements.lock_rows, (*PAGE, "mtu"), True),
    Get("/energy/flows", energy.flows, ("mtu",)),
    Get("/carbon/params", carbon.params),
    Get("/carbon/book", carbon.book, ("limit",), True),
    Get("/carbon/orders", carbon.orders, (*PAGE, "owner", "status"), True),
    Get("/carbon/orders/{number}", carbon.order_by_number),
    Get("/carbon/trades", carbon.trades, (*PAGE, "owner"), True),
    Get("/carbon/trades/{number}", carbon.trade_by_number),
    Get("/carbon/leaderboard", carbon.leaderboard, PAGE, True),
    Get("/carbon/stats", carbon.stats),
    Get("/proofs", proofs.proof_of_key, ("key",)),
    Get("/proofs/{module}/{table}", proofs.proof_of_row, ("part",)),
)
"""Every question, answered from one committed height."""


def make_app(node: Served) -> ASGIApp:
    """The application that serves `node`."""
    routes = [Route(PREFIX + get.path, _endpoint(get), methods=["GET"]) for get in QUESTIONS]
    routes += [
        Route(PREFIX + "/transactions", submit, methods=["POST"]),
        Route(PREFIX + "/evidence", report, methods=["POST"]),
        Route(PREFIX + "/transactions/{id}", chain.transaction, methods=["GET"]),
        Route(PREFIX + "/openapi.json", describe(PREFIX, QUESTIONS), methods=["GET"]),
    ]
    handlers = {Problem: on_problem, HTTPException: on_http_exception, Exception: on_fault}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    app.state.node = node
    app.state.memo = Memo()
    return Guard(app)


def _endpoint(get: Get) -> Endpoint:
    return read(get.handler, get.query, get.threaded)
