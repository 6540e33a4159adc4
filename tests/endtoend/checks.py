"""What must be true at the end of every run, asked of the APIs; each finding is one line that says what was expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import trio

from gridnode.client.remote import Remote
from tests.endtoend.follow import Follower
from tests.endtoend.load import Load
from tests.endtoend.manifest import Manifest
from tests.endtoend.nodes import RunNode
from tests.endtoend.perturb import Done

MAX_RSS_BYTES = 512 * 1024 * 1024
"""Of a node's process: four times what a node of a short chain has."""
MAX_DESCRIPTORS = 512
"""LevelDB may hold 256 files; links and clients of a run are a few dozen."""
MAX_THREADS = 64
EXPLAINED_BLOCKS = 5
"""A perturbation explains later rounds up to so many blocks after its end: links come back one after the other."""
UNEXPLAINED_PPM = 100_000
"""Share of blocks that may have needed a second round without a perturbation: a loaded machine is slow now and then."""
PAGE = 500
LICENSED = ("active", "jailed")
LIARS = ("equivocation", "the sign guard refuses")
"""Events that are in no log while nobody lies."""


async def same_headers(nodes: Mapping[str, RunNode], height: int) -> list[str]:
    """Every node has the same block, by hash and state root, at each height up to `height`; one from a snapshot, from that on."""
    chains = {name: await _headers(node.remote, height) for name, node in nodes.items()}
    first = next(name for name, node in nodes.items() if node.entry.join != "snapshot")
    wrong = []
    for name, chain in chains.items():
        start = min(chain, default=1) if nodes[name].entry.join == "snapshot" else 1  # an archive fetches what is below, in time
        for number in range(start, height + 1):
            if chain.get(number) is None or chain[number] != chains[first].get(number):
                wrong.append(f"{name}: block {number} is {chain.get(number)}, of {first} {chains[first].get(number)}")
                break
    return wrong


async def _headers(remote: Remote, height: int) -> dict[int, tuple[str, str]]:
    rows: dict[int, tuple[str, str]] = {}
    after: int | None = height + 1
    while after is not None and after > 1:
        page = await remote.get("blocks", limit=PAGE, after=after)
        rows |= {row["height"]: (row["hash"], row["state_root"]) for row in page["rows"]}
        after = page["next"]
    return rows


async def validator_set(manifest: Manifest, nodes: Mapping[str, RunNode]) -> list[str]:
    """Every node names the planned validators as licensed, jailed or not; and as convicted those who lied, and nobody else."""
    planned = sorted(manifest.expect.validators or manifest.validators)
    liars = sorted(manifest.expect.convicted)
    wrong = []
    for node in nodes.values():
        rows = await node.remote.get("validators")
        names = sorted(row["name"] for row in rows if row["status"] in LICENSED)
        if names != planned:
            wrong.append(f"{node.name}: expected the validators {', '.join(planned)}, got {', '.join(names)}")
        told = (await node.remote.get("consensus"))["convictions"]
        convicted = sorted(row["name"] for row in told)
        out = sorted(row["name"] for row in rows if row["status"] == "convicted" and not row["power"])
        if not convicted == out == liars:
            wrong.append(f"{node.name}: expected {liars} to be convicted and out of the set, got {convicted} and {out}")
    return wrong


def evidence_once(manifest: Manifest, follower: Follower) -> list[str]:
    """The chain has as many pieces of evidence as there are validators that were to be convicted."""
    places = [block.height for block in follower.blocks for _ in range(block.evidence)]
    if len(places) == len(manifest.expect.convicted):
        return []
    return [f"expected {len(manifest.expect.convicted)} pieces of evidence in the chain, got those of blocks {places}"]


def everyone_takes_part(manifest: Manifest, follower: Follower, since: int = 0) -> list[str]:
    """Every validator has proposed blocks, its precommits are in commits above the height `since`, and it is not in jail; apart from those
    that were down for too much of the run.
    """
    proposals, signatures = follower.proposals(), follower.signatures(since)
    active = [name for name in manifest.expect.validators or manifest.validators if name not in manifest.expect.idle]
    wrong = [f"{name} has proposed none of {follower.height} blocks" for name in active if not proposals[name]]
    wrong += [f"{name} is in none of the commits above {since} of {follower.height}" for name in active if not signatures[name]]
    return wrong + [f"{name} is in jail at height {follower.height}" for name in active if name in follower.jailed()]


def rounds_explained(follower: Follower, done: Sequence[Done], starts: Sequence[int]) -> tuple[list[str], dict[str, int]]:
    """Blocks decided after round 0 fall into perturbations, but for few; and how many there were.

    starts  heights at which a node joined or the network began
    """
    spans = [(one.from_height, one.to_height + EXPLAINED_BLOCKS) for one in done]
    spans += [(start, start + EXPLAINED_BLOCKS) for start in starts]
    late = [block.height for block in follower.blocks if block.round]
    unexplained = [height for height in late if not any(first <= height <= last for first, last in spans)]
    figures = {"late": len(late), "unexplained": len(unexplained), "most_rounds": max((b.round for b in follower.blocks), default=0)}
    if len(unexplained) * 1_000_000 > UNEXPLAINED_PPM * follower.height:
        return [f"blocks {unexplained[:10]} and more needed a second round without a perturbation"], figures
    return [], figures


async def accounts_for_load(load: Load, follower: Follower, node: RunNode, supply: Mapping[str, str]) -> list[str]:
    """What was sent is in one block each, or has expired in none; the collector has their sum; nothing was made or lost."""
    wrong = []
    doubled = {key: places for key, places in follower.places.items() if len(places) > 1}
    if doubled:
        wrong.append(f"transactions in more than one place: {dict(list(doubled.items())[:3])}")
    missing = load.missing()
    if missing:
        wrong.append(f"{len(missing)} transactions are in no block and have not expired, e.g. {missing[0]}")
    if load.refused:
        wrong.append(f"nodes refused transactions: {dict(load.refused)}")
    outcomes = {key: code for block in follower.blocks for key, code in block.outcomes.items()}
    failed = Counter(outcomes[key] for key, sent in load.sent.items() if sent.amount and outcomes.get(key))
    if failed:
        wrong.append(f"transfers failed, by code: {dict(failed)}")
    arrived = sum(sent.amount for key, sent in load.sent.items() if outcomes.get(key) == 0)
    row = await node.remote.get(f"accounts/{load.collector}/balance")
    held = int(row["balances"]["thb"]["amount"])
    if held != arrived:
        wrong.append(f"the collector holds {held}, the transfers in blocks come to {arrived}")
    now = await supplies(node.remote)
    if now != supply:
        wrong.append(f"the supply was {dict(supply)} before the load and is {now}")
    return wrong


async def supplies(remote: Remote) -> dict[str, str]:
    """Supply of each denomination, smallest units."""
    tokens = await remote.get("tokens")
    return {name: str(tokens[name]["supply"]) for name in ("grid", "thb", "co2")}


def processes_bounded(nodes: Mapping[str, RunNode]) -> list[str]:
    """No process ever had more memory, open files or threads than a node may have."""
    wrong = []
    for node in nodes.values():
        worst = node.worst
        for what, value, bound in (
            ("bytes of memory", worst.rss_bytes, MAX_RSS_BYTES),
            ("open files", worst.descriptors, MAX_DESCRIPTORS),
            ("threads", worst.threads, MAX_THREADS),
        ):
            if value > bound:
                wrong.append(f"{node.name} had {value} {what}, expected at most {bound}")
    return wrong


def clean_logs(nodes: Mapping[str, RunNode], expected: Sequence[str], has_liars: bool = False) -> list[str]:
    """No log has a traceback, a broken invariant, or a liar.

    expected   names of nodes whose processes were made to fail with words on their log (a full disk)
    has_liars  whether somebody was made to contradict itself
    """
    wrong = []
    for node in nodes.values():
        for line in node.local.log.read_text(encoding="utf-8", errors="replace").splitlines():
            if "Traceback" in line or "InvariantBroken" in line:
                wrong.append(f"{node.name}: {line[:200]}")
            elif not line.startswith("{") and line.strip() and node.name not in expected:
                wrong.append(f"{node.name}: expected lines of JSON alone in its log, got {line[:200]}")
            elif not has_liars and any(f'"event": "{liar}"' in line for liar in LIARS):
                wrong.append(f"{node.name}: {line[:200]}")
    return wrong


def began_from_snapshots(nodes: Mapping[str, RunNode]) -> list[str]:
    """Whoever was to begin from a snapshot did."""
    joined = [node for node in nodes.values() if node.entry.join == "snapshot"]
    return [
        f"{node.name}: expected it to begin from a snapshot, its log has no event \"restored\""
        for node in joined
        if '"event": "restored"' not in node.local.log.read_text(encoding="utf-8", errors="replace")
    ]


async def until_all_at(nodes: Mapping[str, RunNode], height: int) -> None:
    """Wait until every node has a block of this height."""
    for node in nodes.values():
        while True:
            status: dict[str, Any] | None = await node.status()
            if status is not None and status["height"] >= height:
                break
            await trio.sleep(0.1)
