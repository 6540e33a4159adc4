"""What is missing of a large block, in parts: which part is asked of whom, as a pure machine.

A proposal names up to 10,000 transactions, 4 MiB of them. Those that a node lacks are asked for in parts, of several holders at the same
time. Sizes are not known before they come, so what is missing is cut into equal parts, one for each question that may be under way; a part
is bounded in number (MAX_FETCH_IDS) and, by the answer, in bytes (MAX_FETCH_BYTES). Facts go in: what came, what failed. `next_part` says
what a holder is to be asked now:

    what nobody is asked for, in the block's order
    else what one other holder is asked for, if this one has since brought as many parts as it is asked for at once: it would have brought
    that one too, so the other is slow, and holds up nothing. Each transaction is asked of two at most.

An answer that is as large as answers may be has left out what did not fit, which is free for everybody again. What any other answer
leaves out its holder lacks, and it is not asked for that again: one that brings a transaction at a time would hold up the block for
hours. A holder that fails or lies is asked for nothing more. So it ends: a holder is asked for a transaction once, or brings the larger
part of MAX_FETCH_BYTES instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from gridnode.primitives.ids import TransactionId
from gridnode.primitives.limits import MAX_FETCH_IDS, MAX_PARTS_PER_HOLDER

MAX_ASKED_AT_ONCE = 2
"""Holders that are asked for one transaction at the same time."""
SMALL_PART = 32
"""Fewer are not worth a question of their own."""


class Parts:
    """The missing transactions of one block."""

    def __init__(self, wanted: Sequence[TransactionId], at_once: int) -> None:
        """`at_once` questions may be under way."""
        self._missing = dict.fromkeys(wanted)
        self._size = min(MAX_FETCH_IDS, max(SMALL_PART, -(-len(wanted) // at_once)))
        self._asked: dict[TransactionId, dict[bytes, int]] = {}  # who is asked for it now -> number of the question
        self._questions = 0
        self._under_way: dict[bytes, int] = {}
        self._answers: dict[bytes, list[int]] = {}  # holder -> how many questions had been asked at each part that it brought
        self._lacks: dict[bytes, dict[TransactionId, None]] = {}
        self._gone: dict[bytes, None] = {}

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return not self._missing

    @property
    def missing(self) -> int:
        """How many are."""
        return len(self._missing)

    def next_part(self, holder: bytes) -> tuple[TransactionId, ...]:
        """What to ask of a holder now, which then is under way; empty: nothing, as far as is known now."""
        if holder in self._gone or self._under_way.get(holder, 0) >= MAX_PARTS_PER_HOLDER:
            return ()
        part = self._pick(holder, lambda wanted: wanted not in self._asked)
        if not part:
            part = self._pick(holder, lambda wanted: self._is_slow(wanted, holder))
        if part:
            self._questions += 1
            self._under_way[holder] = self._under_way.get(holder, 0) + 1
        for wanted in part:
            self._asked.setdefault(wanted, {})[holder] = self._questions
        return part

    def answered(self, holder: bytes, part: Sequence[TransactionId], found: Iterable[TransactionId], is_full: bool = False) -> None:
        """A holder brought `found` of the part that it was asked for; `is_full`: another one might not have fitted into the answer."""
        self._no_longer_asked(holder, part)
        brought = dict.fromkeys(found)
        for wanted in brought:
            self._missing.pop(wanted, None)
        if brought:
            self._answers.setdefault(holder, []).append(self._questions)
        if not is_full:
            self._lacks.setdefault(holder, {}).update(dict.fromkeys(wanted for wanted in part if wanted not in brought))

    def failed(self, holder: bytes, part: Sequence[TransactionId]) -> None:
        """A holder did not answer, or wrongly: it is asked for nothing more."""
        self._no_longer_asked(holder, part)
        self._gone[holder] = None

    def _pick(self, holder: bytes, is_free: Callable[[TransactionId], bool]) -> tuple[TransactionId, ...]:
        lacks = self._lacks.get(holder, {})
        return tuple(islice((wanted for wanted in self._missing if wanted not in lacks and is_free(wanted)), self._size))

    def _is_slow(self, wanted: TransactionId, holder: bytes) -> bool:
        """Whether it is asked of one other only, and `holder` has brought MAX_PARTS_PER_HOLDER parts since."""
        asked, answers = self._asked[wanted], self._answers.get(holder, [])
        if holder in asked or len(asked) >= MAX_ASKED_AT_ONCE or len(answers) < MAX_PARTS_PER_HOLDER:
            return False
        return max(asked.values()) <= answers[-MAX_PARTS_PER_HOLDER]

    def _no_longer_asked(self, holder: bytes, part: Sequence[TransactionId]) -> None:
        self._under_way[holder] -= 1
        for wanted in part:
            asked = self._asked.get(wanted, {})
            asked.pop(holder, None)
            if not asked:
                self._asked.pop(wanted, None)
