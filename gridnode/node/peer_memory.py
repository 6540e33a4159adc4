"""What a node remembers of its peers when it restarts: bans, and from where its own floods are numbered.

One small file, replaced as a whole: written aside, made durable, given its name. The first sequence is on disk before the first flood
leaves, and the next run begins above it whatever the clock says then; peers take a lower one for a replay.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from gridnode.codec.fields import KEY, U32, U64, ListOf, Text
from gridnode.codec.records import Nested, decode, encode, record
from gridnode.network.gossip import SEQUENCE_STEP
from gridnode.network.network import sequence_of
from gridnode.network.peers import Sentence
from gridnode.primitives.errors import Malformed, OperatorError
from gridnode.primitives.limits import MAX_BAN_REASON_CHARS, MAX_REMEMBERED_BANS
from gridnode.storage.files import DISK, Files


@record
class Banned:
    """A ban as it stands in the file; see `gridnode.network.peers.Sentence`."""

    peer_key: Annotated[bytes, KEY]
    """Ed25519 public key."""
    until_ms: Annotated[int, U64]
    """End of the ban, unix ms."""
    bans: Annotated[int, U32]
    """How many there were."""
    reason: Annotated[str, Text(0, MAX_BAN_REASON_CHARS)]
    """What the last fault was."""


@record
class Remembered:
    """The file."""

    first_sequence: Annotated[int, U64]
    """Of this run's floods."""
    bans: Annotated[tuple[Banned, ...], ListOf(Nested(Banned), MAX_REMEMBERED_BANS)]
    """Of licensed peers, the last of each."""


class PeerMemory:
    """The file `path`, read once when the node starts."""

    def __init__(self, path: Path, clock_ms: int, files: Files = DISK) -> None:
        """Read the file, and write it with this run's first sequence. Raises OperatorError when it is damaged or the disk fails."""
        self._path = path
        self._files = files
        before = self._read()
        last = 0 if before is None else before.first_sequence + SEQUENCE_STEP
        self.first_sequence = max(sequence_of(clock_ms), last)
        """Of this run's floods: above all that this node's key has used."""
        bans = () if before is None else before.bans
        self.sentences = tuple(Sentence(ban.peer_key, ban.until_ms, ban.bans, ban.reason) for ban in bans)
        """Bans from before the restart."""
        self.keep(self.sentences)

    def keep(self, sentences: Iterable[Sentence]) -> None:
        """Remember these bans, the latest if there are too many; on disk when this returns. Raises OperatorError when the disk fails."""
        latest = sorted(sentences, key=lambda sentence: sentence.until_ms)[-MAX_REMEMBERED_BANS:]
        bans = [
            Banned(sentence.peer_key, max(0, sentence.until_ms), sentence.bans, _plain(sentence.reason))
            for sentence in latest
        ]
        aside = self._path.with_suffix(".new")
        try:
            self._files.make_folder(self._path.parent)
            file = self._files.overwrite(aside)
            try:
                data = encode(Remembered(self.first_sequence, tuple(bans)))
                while data:
                    data = data[file.write(data) :]
                file.sync()
            finally:
                file.close()
            self._files.rename(aside, self._path)
            self._files.sync_names(self._path.parent)
        except OSError as error:
            raise OperatorError(f"{self._path}: cannot write what is remembered of peers: {error}") from None

    def _read(self) -> Remembered | None:
        try:
            return decode(Remembered, self._files.read(self._path))
        except FileNotFoundError:
            return None
        except (OSError, Malformed) as error:
            advice = "remove it to forget all bans"
            raise OperatorError(f"{self._path}: cannot read what is remembered of peers ({error}); {advice}") from None


def _plain(reason: str) -> str:
    """Part of a reason may be a peer's own words."""
    return reason.encode("ascii", "replace").decode()[:MAX_BAN_REASON_CHARS]
