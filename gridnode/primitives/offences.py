"""What a peer can do wrong, and what each costs it: the one table of fault weights.

A weight says what an honest node could have to do with it, not how much it hurts; what hurts is bounded whoever does it.

    NOISE      1    a slow machine, a bad line or an unlucky moment looks like that too
    WRONG      10   a bug, another version or a node that knows less may do it once
    MALICIOUS  100  no honest node does it: banned at once

A peer has 100 points and gets one back every ten seconds (`gridnode.network.peers`), so noise never bans whoever does not keep at it.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

NOISE: Final = 1
WRONG: Final = 10
MALICIOUS: Final = 100


class Offence(Enum):
    """A kind of fault; `weight` is what it costs, `what` how operators read of it."""

    # The connection
    BAD_YAMUX = (MALICIOUS, "sends what is no Yamux frame")
    IGNORES_WINDOW = (MALICIOUS, "sends more than its receive window")
    TOO_MANY_STREAMS = (MALICIOUS, "opens streams without end")
    STRAY_DATA = (MALICIOUS, "sends data of streams that are not open")
    NOT_READING = (NOISE, "does not read")
    TOO_MANY_LINKS = (NOISE, "connects again and again")

    # Frames
    BAD_FRAME = (MALICIOUS, "sends what is no frame")
    TOO_MANY_MESSAGES = (WRONG, "keeps sending more messages than allowed")
    REPEATED_FLOOD = (NOISE, "sends the same flood twice")
    OLD_FLOOD = (NOISE, "passes on a flood from before what its author sends now")
    BAD_FLOOD = (MALICIOUS, "passes on a flood that its author did not sign, or beyond its bounds")
    UNASKED_ANSWER = (WRONG, "answers what nobody asked")
    ENDLESS_ANSWER = (MALICIOUS, "answers more than an answer may hold")
    NO_ANSWER = (NOISE, "does not answer in time")

    # Messages between nodes
    BAD_MESSAGE = (WRONG, "sends a message that is malformed or of no known kind")
    BAD_REQUEST = (WRONG, "asks what is malformed or of no known kind")
    OTHER_CHAIN = (MALICIOUS, "is on another chain")
    NO_VALIDATOR = (WRONG, "passes on a vote of no validator")
    NOT_ITS_TURN = (WRONG, "passes on a proposal of a validator whose turn it is not")
    FORGED_MESSAGE = (MALICIOUS, "passes on a vote, proposal or commit with a wrong signature")
    WRONG_BLOCKS = (5 * WRONG, "answers with blocks that were not asked for, or do not follow each other")
    WRONG_BLOCK = (MALICIOUS, "answers with a block that no quorum decided, or that does not hold")
    OTHER_TRANSACTIONS = (MALICIOUS, "answers with transactions that were not asked for")
    JUNK_TRANSACTION = (WRONG, "gossips a transaction that no node would accept")
    FORGED_TRANSACTION = (MALICIOUS, "gossips a transaction with a wrong signature")

    def __init__(self, weight: int, what: str) -> None:
        self.weight = weight
        self.what = what
