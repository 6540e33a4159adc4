"""Questions about those who make and vote on blocks, and how consensus does."""

from __future__ import annotations

from typing import Any, Final

from gridnode.api.reading import Ask
from gridnode.api.shapes import address, money
from gridnode.codec.records import to_json
from gridnode.modules.token.tables import Denomination
from gridnode.modules.validators import queries
from gridnode.modules.validators.queries import ValidatorRow
from gridnode.modules.validators.tables import Kind, Status

RECENT_BLOCKS: Final = 100
"""So many of the latest blocks the mean time is taken of."""


def validators(ask: Ask) -> list[dict[str, Any]]:
    """Everybody who was ever licensed: those who vote on the next block in the set's order, then the others by name, with power 0."""
    return [_row(row) for row in queries.validators(ask.reader)]


def _row(row: ValidatorRow) -> dict[str, Any]:
    licence, standing = row.licence, row.standing
    unbonding = [
        {"release_ms": release_ms, "owner": address(owner), **money(item.amount, Denomination.GRID)}
        for release_ms, owner, item in row.unbonding
    ]
    return {
        "name": row.name,
        "address": address(row.address),
        "key": licence.key.hex(),
        "power": row.seat.validator.power if row.seat is not None else 0,
        "operator": address(licence.operator),
        "is_authority": licence.kind is Kind.AUTHORITY,
        "status": licence.status.name.lower(),
        "zone": licence.zone or None,
        "node_key": licence.node_key.hex() or None,
        "weight": licence.weight,
        "stake": money(licence.bond, Denomination.GRID),
        "unbonding": unbonding,
        "reputation_ppm": standing.reputation_ppm,
        "made": standing.made,
        "missed": standing.missed,
        "rejected": standing.rejected,
        "missed_in_row": standing.missed_in_row,
        "is_jailed": licence.status is Status.JAILED,
        "jailed_until_ms": standing.jailed_until_ms or None,
    }


def consensus(ask: Ask) -> dict[str, Any]:
    """How consensus does: the set in sums, whose turn it is, mean time of the latest blocks, rounds and turns lost, who was convicted."""
    reader, store, height = ask.reader, ask.node.store, ask.view.height
    seats, turns = queries.seats(reader), queries.turns(reader)
    names = {seat.validator.address: seat.validator.name for seat in seats}
    licensed = queries.validators(reader)
    commit = store.final_block(height)
    first = store.block_header(max(1, height - RECENT_BLOCKS))
    newest = ask.view.header
    between = newest.height - first.height if newest is not None and first is not None else 0
    span_ms = newest.time_ms - first.time_ms if newest is not None and first is not None else 0
    return {
        "last_final_height": height,
        "last_final_ms": ask.time_ms,
        "last_round": commit.commit.round if commit is not None else None,
        "mean_block_ms": span_ms // between if between else None,
        "validators": len(seats),
        "jailed": sum(row.licence.status is Status.JAILED for row in licensed),
        "total_power": sum(seat.validator.power for seat in seats),
        "authority_power": sum(seat.validator.power for seat in seats if seat.is_authority),
        "total_stake": money(queries.total_stake(reader), Denomination.GRID),
        "rounds_lost": turns.rounds,
        "turns_missed": turns.misses,
        "next_proposers": [names[one] for one in turns.order],
        "convictions": [
            {"address": address(accused)} | to_json(row) | {"slashed": money(row.slashed, Denomination.GRID)}
            for accused, row in queries.convictions(reader)
        ],
        "params": to_json(queries.params(reader)),
    }
