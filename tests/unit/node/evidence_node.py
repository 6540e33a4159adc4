"""A store with its pool of evidence, whose blocks everybody signs."""

from __future__ import annotations

from pathlib import Path

import trio

from gridnode.chain.commit import Commit
from gridnode.chain.evidence import Evidence
from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.execution.executed import Executed
from gridnode.mempool.pool import Pool
from gridnode.modules.validators.queries import convictions
from gridnode.node.evidence_pool import EvidencePool
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.open_store import open_store
from gridnode.primitives.ids import Signature
from tests.chain_in_memory import CHAIN, genesis, keys_of


class Node:
    """A store with its pool, opened again and again in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[Evidence] = []
        self.store: LedgerStore = open_store(folder, genesis())
        self.pool = EvidencePool(self.store, self.told.append)

    def reopen(self) -> None:
        """As after a crash: nothing was closed by the pool."""
        self.store.close()
        self.told.clear()
        self.store = open_store(self.folder, genesis())
        self.pool = EvidencePool(self.store, self.told.append)

    def block(self, evidence: bool = True) -> Executed:
        """The next block, with what waits unless told otherwise."""

        async def make() -> Executed:
            pending = self.pool.pending() if evidence else []
            store = self.store
            now_ms = store.genesis.time_ms + 1_000 * (store.height + 1)
            voters = store.validators.members
            executed = await store.build(Pool(), now_ms, store.proposers[0], pending)
            signed = vote_hash(CHAIN, VoteKind.PRECOMMIT, executed.block.header.height, 0, executed.block_hash)
            signatures = tuple(Signature(keys_of(f"{member.name}-node").sign(signed)) for member in voters)
            store.commit(executed, Commit(executed.block.header.height, 0, executed.block_hash, signatures))
            return executed

        executed: Executed = trio.run(make)
        self.pool.block_stored()
        return executed

    def convicted(self) -> list[str]:
        """Who is, by name."""
        with self.store.view() as view:
            return [row.name for _, row in convictions(view.reader)]
