"""Evidence that waits for a block, so that it outlives a restart: a row for each accused key, the first piece that was found."""

from __future__ import annotations

from gridnode.chain.evidence import Evidence, offence_of
from gridnode.codec.records import decode, encode
from gridnode.primitives.errors import InvariantBroken, Malformed
from gridnode.primitives.ids import Address
from gridnode.state.kv import Reader, after_prefix
from gridnode.storage.leveldb import Column, Database

_GROUP = b"evidence/"


class EvidenceStore:
    """Rows of column META, by the address that is accused."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: Reader = database.view(Column.META)

    def load(self) -> dict[Address, Evidence]:
        """All of it, addresses ascending. Raises InvariantBroken for a row that does not decode."""
        found: dict[Address, Evidence] = {}
        for key, raw in self._rows.scan(_GROUP, after_prefix(_GROUP)):
            try:
                found[Address(key[len(_GROUP) :])] = decode(Evidence, raw)
            except Malformed as error:
                raise InvariantBroken("evidence-store", f"a stored piece does not decode: {error}") from None
        return found

    def keep(self, evidence: Evidence) -> None:
        """Store a piece; it is on disk when this returns. Raises OperatorError when the disk refuses."""
        batch = self._database.batch()
        batch.put(Column.META, _GROUP + offence_of(evidence).author, encode(evidence))
        batch.commit()

    def forget(self, author: Address) -> None:
        """Remove what is stored of an accused key. Raises OperatorError when the disk refuses."""
        batch = self._database.batch()
        batch.delete(Column.META, _GROUP + author)
        batch.commit()
