"""`GET /consensus/state`: what consensus waits for, and all that may be the cause of it, in one answer."""

from __future__ import annotations

from shutil import disk_usage
from typing import TYPE_CHECKING, Any

from gridnode.chain.validators import ValidatorSet
from gridnode.codec.records import to_json
from gridnode.consensus.report import Report
from gridnode.node.clock import now_ms
from gridnode.primitives.ids import Address

if TYPE_CHECKING:
    from gridnode.node.assemble import Node


def standing_of(node: Node) -> dict[str, Any]:
    """The answer, of a node that runs. Times are unix ms of its own clock unless they are said to be the chain's."""
    now = now_ms()
    report = node.engine.report()
    return {
        "node": node.config.name,
        "now_ms": now,
        "started_ms": node.watch.started_ms,
        "is_validator": node.signer is not None,
        "syncing": node.catch_up.syncing,
        "best_height": node.catch_up.best,
        "last_block": _last_block(node),
        "consensus": None if report is None else _consensus(node, report, now),
        "rejected": _rejected(node),
        "peers": _peers(node),
        "clock_skew_ms": node.skews.median_ms(),
        "pool": {"transactions": len(node.pool), "bytes": node.pool.bytes},
        "disk": _disk(node),
        "params": to_json(node.genesis.params),
    }


def _last_block(node: Node) -> dict[str, Any]:
    """The newest block: chain time, when this node stored it, who signed it in the commit that made it final here."""
    height = node.store.height
    header, commit = node.store.block_header(height), node.store.commit_of(height)
    signed: list[str] = []
    if commit is not None:
        pairs = zip(node.store.voted.members, commit.signatures, strict=False)
        signed = [member.name for member, signature in pairs if signature]
    return {
        "height": height,
        "time_ms": None if header is None else header.time_ms,
        "stored_ms": node.watch.stored_ms,
        "signers": signed,
    }


def _consensus(node: Node, report: Report, now: int) -> dict[str, Any]:
    validators = node.store.validators
    here = {node.network.peer_key, *node.network.connected()}
    own = None if node.signer is None else node.signer.address
    due = node.watch.next_due(report.height, now)
    return {
        "height": report.height,
        "round": report.round,
        "step": report.step.name.lower(),
        "height_since_ms": node.watch.height_since_ms,
        "step_since_ms": node.watch.step_since_ms,
        "signs": report.signs,
        "listens_because": _why_it_listens(node, report),
        "proposer": _name(validators, report.proposer),
        "proposal": _hash(report.proposal),
        "proposal_valid": report.valid,
        "proposal_timely": report.timely,
        "wanted": [block_hash.hex() for block_hash in report.wanted],
        "executing": [block_hash.hex() for block_hash in node.loop.executing],
        "locked": {"round": report.locked[0], "hash": report.locked[1].hex()},
        "valid": {"round": report.valid_value[0], "hash": report.valid_value[1].hex()},
        "has_work": report.has_work,
        "next_timeout": None if due is None else {"kind": due.timeout.kind.name.lower(), "due_ms": due.due_ms},
        "quorum_power": report.quorum_power,
        "skip_power": report.skip_power,
        "votes": [
            {
                "validator": _name(validators, seat.validator),
                "power": seat.power,
                "linked": seat.validator == own or node.book.get(seat.validator) in here,
                "prevote": _hash(seat.prevote),
                "precommit": _hash(seat.precommit),
            }
            for seat in report.seats
        ],
    }


def _why_it_listens(node: Node, report: Report) -> str | None:
    """Why a node that has a key does not vote at the height at hand; None where it votes, has no key or only fetches blocks."""
    if node.standby is None or node.catch_up.syncing:
        return None
    if node.standby.duty.listens_because or report.signs:
        return node.standby.duty.listens_because or None
    if all(seat.validator != node.standby.duty.address for seat in report.seats):
        return "its key has no seat"
    return "its log of this height was lost"


def _rejected(node: Node) -> dict[str, Any] | None:
    found = node.watch.rejection
    if found is None:
        return None
    return {"height": found.height, "hash": found.block_hash.hex(), "reason": found.reason, "at_ms": found.at_ms}


def _peers(node: Node) -> list[dict[str, Any]]:
    """Every node that may be a peer: linked or not, since when (null: never since the start), its clock."""
    linked = {*node.network.connected()}
    rows = []
    for key, name in node.book.admitted.items():
        if key == node.network.peer_key:
            continue
        state, skew = node.watch.peers.get(key), node.skews.of(key)
        rows.append(
            {
                "name": name,
                "linked": key in linked,
                "since_ms": None if state is None else state.since_ms,
                "skew_ms": None if skew is None else skew.skew_ms,
                "skew_error_ms": None if skew is None else skew.error_ms,
            }
        )
    return rows


def _disk(node: Node) -> dict[str, int]:
    usage = disk_usage(node.folder / node.config.data_dir)
    return {"free_bytes": usage.free, "total_bytes": usage.total}


def _name(validators: ValidatorSet, address: Address) -> str:
    member = validators.get(address)
    return address.hex() if member is None else member.name


def _hash(block_hash: bytes | None) -> str | None:
    """In hex; `nil` for a vote against, None for nothing."""
    return None if block_hash is None else block_hash.hex() or "nil"


