"""What must be true of a chain that several nodes hold, read through their APIs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.crypto.keys import verify
from tests.integration.testnet.processes import NodeProcess, until


def blocks(node: NodeProcess, first: int, last: int) -> list[dict[str, Any]]:
    """Blocks `first` to `last` as a node holds them, without events."""
    return [node.get(f"blocks/{height}", events="false") for height in range(first, last + 1)]


def same_everywhere(nodes: Sequence[NodeProcess], start: int = 1) -> list[dict[str, Any]]:
    """The blocks from `start` on that all `nodes` hold up to the highest of any; fails when one differs anywhere in header or outcome.

    A header names the block before and the state root, so equal headers are equal chains.
    """
    height = max(node.height for node in nodes)
    until(lambda: all(node.height >= height for node in nodes), f"all reach height {height}")
    first, *others = [blocks(node, start, height) for node in nodes]
    for node, chain in zip(nodes[1:], others, strict=True):
        for mine, theirs in zip(first, chain, strict=True):
            assert mine["header"] == theirs["header"], (node.name, mine["height"])
            assert mine["hash"] == theirs["hash"], (node.name, mine["height"])
            assert mine["transactions"] == theirs["transactions"], (node.name, mine["height"])
    return first


def counted(chain: Sequence[dict[str, Any]]) -> Counter[str]:
    """How often each transaction id stands in the chain."""
    return Counter(row["id"] for block in chain for row in block["transactions"])


def signature_of(validator: NodeProcess, witness: NodeProcess, height: int) -> str:
    """The precommit signature of `validator` in the commit that `witness` holds of a block; empty when it is not in it.

    It is told by its key: at another height another set may have voted.
    """
    keys = validator.plan.consensus_keys
    assert keys is not None
    found = witness.get(f"blocks/{height}", events="false")
    commit, chain_id = found["commit"], found["header"]["chain_id"]
    signed = vote_hash(chain_id, VoteKind.PRECOMMIT, height, commit["round"], bytes.fromhex(found["hash"]))
    return next((text for text in commit["signatures"] if verify(keys.public_key, signed, bytes.fromhex(text))), "")


def signs_again(validator: NodeProcess, witness: NodeProcess, after: int) -> None:
    """Wait until `witness` holds a commit of a block above `after` with the precommit of `validator` in it."""
    seen = after

    def signed() -> bool:
        nonlocal seen
        while seen < witness.height:
            seen += 1
            if signature_of(validator, witness, seen):
                return True
        return False

    until(signed, f"a commit above {after} with the precommit of {validator.name}")


def nobody_lied(nodes: Sequence[NodeProcess]) -> None:
    """No node has heard two different votes of one validator in one round and step, and no guard had to refuse."""
    for node in nodes:
        bad = [row for row in node.events() if row["event"] in ("equivocation", "the sign guard refuses")]
        assert not bad, (node.name, bad)
