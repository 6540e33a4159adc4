"""Evidence that no block carries yet: found here or heard of others, kept on disk, told again with every height until a block has it.

One piece a key is enough, since a key is convicted once; so the pool has at most as many pieces as there were validators lately. What
accuses a key of which a piece is here costs nothing, and signatures of a piece that was let in are not checked again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gridnode.chain.evidence import Evidence, evidence_of, offence_of
from gridnode.chain.receipt import ChainCode
from gridnode.chain.vote import Proposal, Vote
from gridnode.modules.validators.codes import ValidatorsCode
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.log import Log
from gridnode.primitives.errors import PeerFault, Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_BLOCK_EVIDENCE, MAX_EVIDENCE_POOL
from gridnode.primitives.offences import Offence

NEVER_HONEST: Final = (ValidatorsCode.NO_CONTRADICTION, ValidatorsCode.FORGED)
"""What no honest node passes on, whatever it has seen of the chain."""
_WAITS: Final = (ValidatorsCode.FROM_FUTURE,)
_log = Log("evidence")


class EvidencePool:
    """Pieces by the address that they accuse."""

    def __init__(self, store: LedgerStore, tell: Callable[[Evidence], None]) -> None:
        """Load what the disk holds; `tell` sends a piece to all nodes, and may lose it."""
        self._store = store
        self._tell = tell
        self._pieces: dict[Address, Evidence] = store.evidence.load()

    def __len__(self) -> int:
        """How many pieces wait."""
        return len(self._pieces)

    def accuses(self, author: Address) -> bool:
        """Whether a piece against this key waits."""
        return author in self._pieces

    def found(self, first: Vote | Proposal, second: Vote | Proposal) -> None:
        """This node has heard two messages that exclude each other."""
        try:
            self.report(evidence_of(first, second))
        except Rejected as rejected:
            _log.debug("not told", reason=str(rejected))

    def report(self, evidence: Evidence) -> bool:
        """Take in what was found here or by a client of this node, and tell it. Whether it is new.

        Raises Rejected with a code of `ValidatorsCode` for what no block could carry, or POOL_FULL.
        """
        is_new = self._take(evidence)
        if is_new:
            self._tell(evidence)
        return is_new

    def heard(self, evidence: Evidence) -> None:
        """A node tells of evidence. Raises PeerFault for what no honest node tells."""
        try:
            self._take(evidence)
        except Rejected as rejected:
            if rejected.code in NEVER_HONEST:
                raise PeerFault.of(Offence.FORGED_MESSAGE, f"wrong evidence: {rejected}") from None

    def _take(self, evidence: Evidence) -> bool:
        """Keep a piece that a block could carry now. Whether it is new. Raises Rejected."""
        self._store.check_offence(evidence)
        author = offence_of(evidence).author
        if author in self._pieces:
            return False
        if len(self._pieces) >= MAX_EVIDENCE_POOL:
            detail = f"expected at most {MAX_EVIDENCE_POOL} keys accused at once; blocks take some of them soon"
            raise Rejected(ChainCode.POOL_FULL, detail)
        self._store.check_evidence(evidence)
        self._store.evidence.keep(evidence)
        self._pieces[author] = evidence
        _log.warning("a validator has contradicted itself", validator=author, height=offence_of(evidence).height)
        return True

    def pending(self) -> list[Evidence]:
        """What the next block should carry, as much as it may."""
        return list(self._pieces.values())[:MAX_BLOCK_EVIDENCE]

    def block_stored(self) -> None:
        """Forget what a block has carried by now, or is too old for any."""
        for author, evidence in list(self._pieces.items()):
            try:
                self._store.check_offence(evidence)
            except Rejected as rejected:
                if rejected.code not in _WAITS:
                    del self._pieces[author]
                    self._store.evidence.forget(author)

    def repeat(self) -> None:
        """Tell all nodes again what waits: whoever makes the next block should have it."""
        for evidence in self.pending():
            self._tell(evidence)
