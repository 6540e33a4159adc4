"""What travels between node and signer: frames of a length, a kind and a record."""

from __future__ import annotations

from struct import Struct
from typing import Annotated, Any, Final, NamedTuple

from gridnode.chain.vote import ROUND, ROUND_OR_NONE, VOTE_KIND, VoteKind
from gridnode.codec.fields import BOOL, HASH, HASH_OR_NIL, KEY, NAME, SIGNATURE, TEXT, U32, U64, Bytes, ListOf
from gridnode.codec.records import Nested, decode, encode, record
from gridnode.primitives.errors import Malformed, PeerFault
from gridnode.primitives.ids import Hash, PublicKey, Signature
from gridnode.primitives.limits import MAX_SIGNER_FRAME_BYTES
from gridnode.primitives.units import Height, Round, TimeMs
from gridnode.storage.sign_guard import LastSigned

VERSION: Final = 1
"""Of this conversation. Both ends must speak the same."""
HEAD: Final = Struct(">IB")
"""Before each record: its length in bytes and its kind."""


@record
class Hello:
    """The node begins."""

    version: Annotated[int, U32]  # of the conversation
    chain_id: Annotated[str, NAME]  # the one chain that is to be signed for
    wants_seat: Annotated[bool, BOOL]  # to sign votes and proposals; without it only to ask


@record
class Welcome:
    """The signer's answer to `Hello`."""

    version: Annotated[int, U32]  # of the conversation
    chain_id: Annotated[str, NAME]  # the one chain that is signed for
    public_key: Annotated[PublicKey, KEY]
    last: Annotated[tuple[LastSigned, ...], ListOf(Nested(LastSigned), 1)]  # what was signed last, if anything
    seat_taken_by: Annotated[int, U32]  # process that has the seat; 0 when this connection has it or did not ask


@record
class VoteWish:
    """A vote to sign."""

    kind: Annotated[VoteKind, VOTE_KIND]
    height: Annotated[Height, U64]
    round: Annotated[Round, ROUND]
    block_hash: Annotated[Hash, HASH_OR_NIL]


@record
class ProposalWish:
    """A proposal to sign."""

    height: Annotated[Height, U64]
    round: Annotated[Round, ROUND]
    valid_round: Annotated[Round, ROUND_OR_NONE]
    block_hash: Annotated[Hash, HASH]


@record
class FloorWish:
    """Nothing of this height and below is to be signed any more."""

    height: Annotated[Height, U64]


@record
class TransactionWish:
    """The validator's signing lease is to be taken for a machine."""

    machine: Annotated[PublicKey, KEY]
    epoch: Annotated[int, U64]  # one above the present one
    valid_until_ms: Annotated[TimeMs, U64]  # chain time from which on the transaction is refused
    salt: Annotated[int, U32]  # tells it apart from another like it


@record
class AskLast:
    """What was signed last?"""

    version: Annotated[int, U32]  # of the conversation


@record
class Signed:
    """The signature of a vote or a proposal; its record is on the signer's disk."""

    signature: Annotated[Signature, SIGNATURE]


@record
class Granted:
    """The signed transaction that takes the lease."""

    raw: Annotated[bytes, Bytes(1, MAX_SIGNER_FRAME_BYTES // 2)]  # as it travels to the nodes


@record
class Last:
    """What was signed last, if anything; the answer to `AskLast` and to `FloorWish`."""

    last: Annotated[tuple[LastSigned, ...], ListOf(Nested(LastSigned), 1)]


@record
class No:
    """The guard refuses, or the connection has no seat."""

    reason: Annotated[str, TEXT]  # for the log


KINDS: Final[dict[int, type[Any]]] = {
    1: Hello,
    2: Welcome,
    3: VoteWish,
    4: ProposalWish,
    5: FloorWish,
    6: TransactionWish,
    7: AskLast,
    8: Signed,
    9: Granted,
    10: Last,
    11: No,
}
"""Numbers of the records; a number is never used again for another one."""
_NUMBERS: Final = {cls: number for number, cls in KINDS.items()}


class Head(NamedTuple):
    """A frame's head, taken apart."""

    size: int  # of the record, in bytes
    cls: type[Any]  # which record


def to_frame(value: Any) -> bytes:
    """The frame of a record."""
    body = encode(value)
    return HEAD.pack(len(body), _NUMBERS[type(value)]) + body


def read_head(data: bytes) -> Head:
    """What a frame's first bytes say. Raises PeerFault for a size out of bounds or an unknown kind."""
    size, kind = HEAD.unpack(data)
    if kind not in KINDS or not 1 <= size <= MAX_SIGNER_FRAME_BYTES:
        most = MAX_SIGNER_FRAME_BYTES
        raise PeerFault(f"expected a frame of 1 to {most} bytes of kind 1 to {len(KINDS)}, got {size} bytes of kind {kind}")
    return Head(size, KINDS[kind])


def read_body(head: Head, data: bytes) -> Any:
    """The record of a frame. Raises PeerFault when it is not one."""
    try:
        return decode(head.cls, data)
    except Malformed as error:
        raise PeerFault(f"malformed frame: {error}") from None


def check_welcome(welcome: Any, chain_id: str) -> Welcome:
    """The signer's first answer. Raises PeerFault when it is another one, or of another version or chain, or says what cannot be."""
    if isinstance(welcome, No):
        raise PeerFault(f"the signer refuses: {welcome.reason}")
    if not isinstance(welcome, Welcome):
        raise PeerFault(f"expected a welcome, got {type(welcome).__name__}")
    if welcome.version != VERSION:
        raise PeerFault(f"expected a signer of version {VERSION}, got {welcome.version}")
    if welcome.chain_id != chain_id:
        raise PeerFault(f"expected a signer of chain {chain_id}, got {welcome.chain_id}")
    for last in welcome.last:
        if last.chain_id != chain_id or not last.is_of(welcome.public_key):
            raise PeerFault("expected the signer's last record to be of its own key and chain")
    return welcome
