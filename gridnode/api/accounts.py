"""Questions about accounts: balances, roles, transactions; supplies; participants and institutions."""

from __future__ import annotations

from typing import Any

from gridnode.api.blocks import transaction_summary
from gridnode.api.pages import page
from gridnode.api.problems import bad_parameter, gone
from gridnode.api.reading import Ask
from gridnode.api.shapes import address, money, thb
from gridnode.chain.transaction import decode_transaction
from gridnode.codec.records import decode, to_json
from gridnode.execution.registry import ACCOUNTS
from gridnode.modules.lots import queries as lots_queries
from gridnode.modules.market.tables import BARRED
from gridnode.modules.registry import queries as registry_queries
from gridnode.modules.settlement import queries as settlement_queries
from gridnode.modules.token import queries as token_queries
from gridnode.modules.token.tables import Denomination, TokenGenesis
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Height, grid_of
from gridnode.storage.block_store import Position


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
        "arrears": [
            {"creditor": address(creditor), **thb("owed", owed)}
            for creditor, owed in settlement_queries.arrears_of(ask.reader, owner, ask.node.config.api.max_page)
        ],
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
    """Transactions that an account signed or is named in, latest first; `after` is `height-index` of the last one seen."""
    owner = ask.parameters.required_address("address")
    limit = ask.parameters.limit()
    found = ask.node.store.account_transactions(owner, limit, _position(ask.parameters.text("after")))
    return page(
        found,
        limit,
        lambda row: f"{row.height}-{row.index}",
        lambda row: _transaction_row(ask, row),
        lambda row: row.height >= ask.node.store.first_height,
    )


def _position(text: str | None) -> Position | None:
    if text is None:
        return None
    parts = text.split("-")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) <= 9 for part in parts):
        raise bad_parameter("after", "height-index, e.g. 12-0", text)
    return Position(Height(int(parts[0])), int(parts[1]))


def _transaction_row(ask: Ask, position: Position) -> dict[str, Any]:
    found = ask.node.store.transaction_at(position)
    if found is None and position.height < ask.node.store.first_height:
        raise gone(position.height, ask.node.store.first_height, ask.view.height)  # pruned while it was read
    if found is None:
        raise InvariantBroken("account-index", f"no transaction at {position}")
    summary = transaction_summary(decode_transaction(found.raw), found.receipt, with_events=False)
    return {"height": position.height, "index": position.index, **summary}


def tokens(ask: Ask) -> dict[str, Any]:
    """How much exists of each denomination, and what transactions cost."""
    supplies = token_queries.supplies(ask.reader)
    rows = {of.name.lower(): _supply(of, amount) for of, amount in supplies.items()}
    minted = _opening_grid(ask) + grid_of(lots_queries.energy(ask.reader).issued_wh)
    rows["grid"] |= {"minted": str(minted), "burned": str(minted - supplies[Denomination.GRID])}
    return {
        **rows,
        "fees": to_json(token_queries.fee_schedule(ask.reader)),
        "roles": [
            {"denomination": of.name.lower(), "role": role.name.lower(), "account": address(who)}
            for of, role, who in token_queries.roles(ask.reader)
        ],
    }


def _supply(denomination: Denomination, amount: int) -> dict[str, str]:
    whole = money(amount, denomination)
    return {"supply": whole.pop("amount"), **whole}


def _opening_grid(ask: Ask) -> int:
    """GRID that genesis gave out; all other GRID was minted for energy that was measured."""
    state = next(row.state for row in ask.node.store.genesis.modules if row.module == "token")
    opening = decode(TokenGenesis, state).balances
    return sum(row.amount for row in opening if row.denomination is Denomination.GRID)


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
    """Accounts with a role: regulators, DSOs, TSOs, issuers, gateways."""
    return [
        {"role": role.name.lower(), "account": address(who), "name": name}
        for role, who, name in registry_queries.institutions(ask.reader)
    ]
