"""Questions about accounts: balances, roles, transactions; supplies; participants and institutions."""

from __future__ import annotations

from typing import Any

from gridnode.api.blocks import outcome
from gridnode.api.pages import page
from gridnode.api.reading import Ask
from gridnode.api.shapes import address, money
from gridnode.codec.records import to_json
from gridnode.execution.registry import ACCOUNTS
from gridnode.modules.market.tables import BARRED
from gridnode.modules.registry import queries as registry_queries
from gridnode.modules.token import queries as token_queries
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.ids import Address


def account(ask: Ask) -> dict[str, Any]:
    """What there is to say of an account: balances, participant, roles, connection points."""
    owner = ask.parameters.required_address("address")
    participant = registry_queries.participant(ask.reader, owner)
    points = registry_queries.points_of(ask.reader, owner, ask.node.config.api.max_page)
    return {
        "address": address(owner),
        "balances": _balances(ask, owner),
        "participant": None if participant is None else to_json(participant),
        "barred": BARRED.has(ask.reader, owner),
        "is_module": owner in ACCOUNTS,
        "institution": [
            {"role": role.name.lower(), "name": name}
            for role, who, name in registry_queries.institutions(ask.reader)
            if who == owner
        ],
        "token_roles": [
            {"denomination": of.name.lower(), "role": role.name.lower()}
            for of, role, who in token_queries.roles(ask.reader)
            if who == owner
        ],
        "points": [{"point": name, "zone": zone} for name, zone in points],
    }


def balance(ask: Ask) -> dict[str, Any]:
    """What an account holds in every denomination; an account that nobody used holds nothing."""
    owner = ask.parameters.required_address("address")
    return {"address": address(owner), "balances": _balances(ask, owner)}


def _balances(ask: Ask, owner: Address) -> dict[str, Any]:
    held = token_queries.balances_of(ask.reader, owner)
    return {denomination.name.lower(): money(amount, denomination) for denomination, amount in held.items()}


def account_transactions(ask: Ask) -> dict[str, Any]:
    """Transactions that an account signed, latest first; `after` is the `next` of the page before."""
    owner = ask.parameters.required_address("address")
    limit = ask.parameters.limit()
    rows = ask.node.store.account_transactions(owner, limit, ask.parameters.integer("after"))
    return page(rows, limit, lambda row: row.cursor, _account_transaction)


def _account_transaction(row: Any) -> dict[str, Any]:
    return {"id": row.id.hex(), "height": row.height, "index": row.index, **outcome(row.receipt, with_events=False)}


def tokens(ask: Ask) -> dict[str, Any]:
    """How much exists of each denomination, and what transactions cost."""
    return {
        "supplies": {
            denomination.name.lower(): money(amount, denomination)
            for denomination, amount in token_queries.supplies(ask.reader).items()
        },
        "fees": to_json(token_queries.fee_schedule(ask.reader)),
        "roles": [
            {"denomination": of.name.lower(), "role": role.name.lower(), "account": address(who)}
            for of, role, who in token_queries.roles(ask.reader)
        ],
    }


def allowances(ask: Ask) -> list[dict[str, Any]]:
    """What an owner lets others move."""
    owner = ask.parameters.required_address("address")
    found = token_queries.allowances_of(ask.reader, owner, ask.parameters.limit())
    return [
        {"spender": address(spender), "denomination": Denomination(of).name.lower(), **money(amount, of)}
        for spender, of, amount in found
    ]


def participants(ask: Ask) -> dict[str, Any]:
    """Participants in order of address; `after` is an address."""
    limit = ask.parameters.limit()
    found = registry_queries.participants(ask.reader, limit, ask.parameters.address("after"))
    return page(
        found, limit, lambda row: address(row[0]), lambda row: {"account": address(row[0]), **to_json(row[1])}
    )


def institutions(ask: Ask) -> list[dict[str, Any]]:
    """Accounts with a role: regulators, DSOs, TSOs, issuers."""
    return [
        {"role": role.name.lower(), "account": address(who), "name": name}
        for role, who, name in registry_queries.institutions(ask.reader)
    ]
