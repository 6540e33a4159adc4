"""How soon a node is back: from SIGKILL to voting again, and from an empty data directory to the end of a long chain.

    python -m bench.recovery [--kills 10] [--blocks 10000] [--transfers 0] [--seed 1]

Prints one JSON object:
    voting_again_s      p50 and max over the kills of one of four validators, which is started again at once: from SIGKILL
                        to the first vote or proposal that its guard had not signed before; it is sent at once
    in_a_commit_s       the same kills: until another node has a commit of a later block with its precommit in it. That is up to two blocks
                        later, more when the height under way has lost its proposer, and a commit holds the first three precommits of four
    catch_up            a validator with an empty data directory against a chain of so many blocks with so many transfers in
                        each, held by two others: seconds from the start of its process to the last block, processor time
The chain is made in this process, block by block as a node makes it, with the keys of all four validators. The nodes have their
byte code, as an installed package has: an environment in which python writes none would show its compiler instead, half a second a start.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import trio

import gridnode
from gridnode.chain.commit import Commit
from gridnode.chain.transaction import VerifiedTransaction, decode_transaction
from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.client.remote import Remote
from gridnode.client.wallet import Wallet
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import KeyPair
from gridnode.mempool.pool import Pool
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.node.genesis_file import load_genesis
from gridnode.node.open_store import open_store
from gridnode.primitives.ids import Hash, Signature
from gridnode.primitives.units import Amount, Height, Round
from gridnode.replay.cast import derived_key
from gridnode.replay.network import LocalNetwork
from gridnode.replay.provision import AUTHORITIES, NetworkPlan, write_network
from gridnode.replay.testnet import local_node
from gridnode.storage.sign_guard import SignGuard

MTU_MS = 900_000
BLOCK_MS = 1_000
"""Chain time between two blocks of the made chain: a heartbeat."""
POLL_S = 0.05
CATCH_UP_POLL_S = 0.5
"""Seldom: each question costs the node that is measured some ms."""
PATIENCE_S = 600


def percentile(values: list[float], share: float) -> float:
    """A value that so large a share of `values` does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def voting_again(plan: NetworkPlan, kills: int) -> tuple[list[float], list[float]]:
    """Seconds from each kill to the first new signature, and to a precommit in a commit."""
    nodes = [local_node(node) for node in plan.nodes]
    votes, seconds = [], []
    async with LocalNetwork(nodes), AsyncExitStack() as stack:
        remotes = {node.name: await stack.enter_async_context(Remote(node.url)) for node in nodes}
        witness = remotes[nodes[0].name]
        for number in range(kills):
            victim = nodes[1 + number % (len(nodes) - 1)]
            others = [remote for name, remote in remotes.items() if name != victim.name]
            await _grows(witness, 3)
            seen = (await witness.status())["height"]
            began = time.perf_counter()
            await victim.kill()
            guard = plan.nodes[nodes.index(victim)].folder / "data" / "guard"
            signed = guard.read_bytes()
            await victim.start()
            under_way = max(seen, (await witness.status())["height"]) + 1  # its precommit there may be one from before
            with trio.fail_after(PATIENCE_S):
                while guard.read_bytes() == signed:
                    await trio.sleep(POLL_S)
            votes.append(round(time.perf_counter() - began, 2))
            await _signs(others, victim.name, under_way)
            seconds.append(round(time.perf_counter() - began, 2))
    return votes, seconds


async def _grows(remote: Remote, by: int) -> None:
    target = (await remote.status())["height"] + by
    while (await remote.status())["height"] < target:
        await trio.sleep(POLL_S)


async def _signs(others: list[Remote], name: str, after: int) -> None:
    """Wait until one of the others has a commit above `after` with the precommit of a validator.

    A node keeps the precommits that it had when it decided, three of four, so each of the others may have it or not.
    """
    seat = [row["name"] for row in await others[0].get("validators")].index(name)
    seen = dict.fromkeys(others, after)
    with trio.fail_after(PATIENCE_S):
        while True:
            for other in others:
                while seen[other] < (await other.status())["height"]:
                    seen[other] += 1
                    block = await other.get(f"blocks/{seen[other]}", events="false")
                    if block["commit"]["signatures"][seat]:
                        return
            await trio.sleep(POLL_S)


async def make_chain(plan: NetworkPlan, data: Path, blocks: int, transfers: int, seed: int) -> Hash:
    """A chain of so many blocks in the folder `data`, as its validators would have made it; the hash of the last."""
    genesis = load_genesis(plan.folder / "genesis.toml")
    store = open_store(data / "chain", genesis)
    keys = {address_of(node.consensus_keys.public_key): node.consensus_keys for node in plan.nodes if node.consensus_keys}
    members = [keys[member.address] for member in store.validators.members]
    wallets = [Wallet(derived_key(seed, f"institution/{name}"), plan.chain_id) for name in AUTHORITIES]
    try:
        for number in range(1, blocks + 1):
            time_ms = genesis.time_ms + number * BLOCK_MS
            pool = Pool()
            for turn in range(transfers):
                wallet, other = wallets[turn % len(wallets)], wallets[(turn + 1) % len(wallets)]
                raw = wallet.sign([Transfer(other.address, Denomination.THB, Amount(1 + turn))], time_ms)
                pool.add(VerifiedTransaction(decode_transaction(raw)))
            async with store.lock:
                proposer = address_of(members[number % len(members)].public_key)
                executed = await store.build(pool, time_ms, proposer)
                store.commit(executed, _commit(members, plan.chain_id, number, executed.block_hash))
        return store.tip_hash
    finally:
        store.close()


def _commit(members: list[KeyPair], chain_id: str, height: int, block_hash: bytes) -> Commit:
    signed = vote_hash(chain_id, VoteKind.PRECOMMIT, height, 0, block_hash)
    signatures = tuple(Signature(keys.sign(signed)) for keys in members)
    return Commit(Height(height), Round(0), block_hash, signatures)  # type: ignore[arg-type]


async def catch_up(plan: NetworkPlan, blocks: int) -> dict[str, float]:
    """Seconds in which the third validator fetches the chain that the first two have."""
    holders, joiner = [local_node(node) for node in plan.nodes[:2]], local_node(plan.nodes[2])
    async with LocalNetwork(holders), Remote(joiner.url) as remote:
        began = time.perf_counter()
        await joiner.start()
        try:
            await joiner.ready()
            with trio.fail_after(PATIENCE_S):
                while (await remote.status())["height"] < blocks:
                    await trio.sleep(CATCH_UP_POLL_S)
            seconds = time.perf_counter() - began
            assert joiner.process is not None
            fields = Path(f"/proc/{joiner.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            return {"seconds": round(seconds, 1), "blocks_per_second": round(blocks / seconds), "cpu_s": round(cpu_s, 1)}
        finally:
            await joiner.kill()


async def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run both measurements."""
    result: dict[str, Any] = {"kills": options.kills, "blocks": options.blocks, "transfers_a_block": options.transfers}
    if options.kills:
        plan = write_network(folder / "kills", 4, options.seed, MTU_MS, time.time_ns() // 1_000_000, MTU_MS)
        for name, seconds in zip(("voting_again_s", "in_a_commit_s"), await voting_again(plan, options.kills), strict=True):
            result[name] = {"p50": percentile(seconds, 0.5), "max": max(seconds), "all": seconds}
    if options.blocks:
        start_ms = time.time_ns() // 1_000_000 - (options.blocks + 1) * BLOCK_MS
        plan = write_network(folder / "long", 4, options.seed, MTU_MS, start_ms, MTU_MS)
        first, second = (node.folder / "data" for node in plan.nodes[:2])
        began = time.perf_counter()
        tip_hash = await make_chain(plan, first, options.blocks, options.transfers, options.seed)
        result["made_s"] = round(time.perf_counter() - began, 1)
        shutil.copytree(first, second, dirs_exist_ok=True)
        for node in plan.nodes[:2]:  # their keys have signed to the last block
            assert node.consensus_keys is not None
            guard = SignGuard(node.folder / "data" / "guard", plan.chain_id, node.consensus_keys)
            guard.sign_vote(VoteKind.PRECOMMIT, Height(options.blocks), Round(0), tip_hash)
        result["catch_up"] = await catch_up(plan, options.blocks)
    return result


def main() -> None:
    """Measure and print."""
    compileall.compile_dir(Path(gridnode.__file__).parent, quiet=1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("kills", 10), ("blocks", 10_000), ("transfers", 0), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gridnode-bench-") as folder:
        print(json.dumps(trio.run(measure, options, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
