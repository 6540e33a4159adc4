"""The node's end of the conversation with its signer: a key in another process that may be away for a while.

One request at a time; each ends within ANSWER_S, else the connection is given up and the wish stays the caller's to repeat. `run` makes
connections, with growing pauses, and tells when one is there. Every signature is checked before it is handed on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trio

from gridnode.chain.vote import NO_ROUND, Proposal, Vote, VoteKind, proposal_hash, vote_hash
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import verify
from gridnode.primitives.errors import OperatorError, PeerFault
from gridnode.primitives.ids import Hash
from gridnode.primitives.units import Height, Round
from gridnode.signer import wire
from gridnode.signer.place import check_socket, is_trusted, other_end
from gridnode.signer.serve import Tells, receive
from gridnode.signer.signs import Away
from gridnode.storage.sign_guard import LastSigned, LeaseWish, Refused, SignStep

ANSWER_S = 2.0
"""An answer takes a write to the signer's disk; consensus waits meanwhile. A signer that needs longer is taken for away."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
"""Between two attempts to connect."""


class RemoteKey:
    """A consensus key in a signer process."""

    def __init__(self, path: Path, chain_id: str, welcome: wire.Welcome, log: Tells) -> None:
        """`welcome` is what the signer at `path` said of itself; another key is not taken later."""
        self.public_key = welcome.public_key
        self.address = address_of(welcome.public_key)
        self.on_return: Callable[[], None] = lambda: None
        self._path = path
        self._chain_id = chain_id
        self._log = log
        self._last: LastSigned | None = welcome.last[0] if welcome.last else None
        self._asked: tuple[int, int, SignStep, Hash] | None = None
        self._barred = 0  # up to this height somebody else has signed through this signer
        self._stream: trio.SocketStream | None = None
        self._scope = trio.CancelScope()
        self._lock = trio.Lock()
        self._answer: Any = None
        self._answered: trio.Event | None = None
        self._why = "not connected yet"
        self._told = ""  # reason that stands in the log

    @property
    def is_here(self) -> bool:
        """Whether there is a connection that signs."""
        return self._stream is not None

    @property
    def last(self) -> LastSigned | None:
        """What was signed last, as far as the signer has told."""
        return self._last

    # Connections

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self._connected()
                pause_s = FIRST_PAUSE_S
            except (PeerFault, OperatorError, OSError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
                self._is_away(str(error))
            except trio.TooSlowError:
                self._is_away("it does not answer in time")
            await trio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _connected(self) -> None:
        """One connection, from the greeting to its end. Raises what ended it before it could sign."""
        check_socket(self._path)
        with trio.fail_after(ANSWER_S):
            stream = await trio.open_unix_socket(os.fspath(self._path))
        try:
            with trio.fail_after(ANSWER_S):
                welcome = await self._greeted(stream)
            self._take_note(welcome)
            with trio.CancelScope() as self._scope:
                self._stream, self._told = stream, ""
                self._log.info("the signer is there", key=self.public_key, last_height=self._last.height if self._last else 0)
                self.on_return()
                await self._listen(stream)
        finally:
            self._stream = None
            if self._answered is not None:
                self._answered.set()
            with trio.CancelScope(shield=True):
                await stream.aclose()
        self._is_away(self._why)

    async def _greeted(self, stream: trio.SocketStream) -> wire.Welcome:
        if not is_trusted(other_end(stream.socket)):
            raise PeerFault("expected a signer of this user")
        await stream.send_all(wire.to_frame(wire.Hello(wire.VERSION, self._chain_id, True)))
        welcome = wire.check_welcome(await receive(stream), self._chain_id)
        if welcome.public_key != self.public_key:
            raise PeerFault(f"expected the signer of key {self.public_key.hex()}, it holds {welcome.public_key.hex()}")
        if welcome.seat_taken_by:
            raise PeerFault(f"it signs for another node, process {welcome.seat_taken_by}; end one of the two")
        return welcome

    def _take_note(self, welcome: wire.Welcome) -> None:
        """What was signed last. When this node has not asked for it, another has, and why is not known here: that height is barred.

        Raises PeerFault when the signer's guard has gone back.
        """
        last = welcome.last[0] if welcome.last else None
        if self._last is not None and (last is None or _order(last) < _order(self._last)):
            raise PeerFault(f"its guard has forgotten what it signed at height {self._last.height}; restore the guard's file")
        if last is not None and last != self._last and _place(last) != self._asked:
            self._barred = max(self._barred, last.height)
            self._log.warning("another node has signed through this signer; listening at that height", height=last.height)
        self._last = last

    async def _listen(self, stream: trio.SocketStream) -> None:
        """Take answers until the connection ends."""
        self._why = "the connection has ended"
        try:
            while (answer := await receive(stream)) is not None:
                if self._answered is None or self._answered.is_set():
                    self._why = "it answers what was not asked"
                    return
                self._answer = answer
                self._answered.set()
        except (PeerFault, trio.BrokenResourceError) as error:
            self._why = str(error)

    def _is_away(self, why: str) -> None:
        if why != self._told:
            self._log.warning("the signer is away; this node does not vote until it is back", path=self._path, reason=why)
        self._why = self._told = why

    def _drop(self, why: str) -> Away:
        """Give the connection up."""
        self._why = why
        self._scope.cancel()
        return Away(why)

    # Requests

    async def sign_vote(self, kind: VoteKind, height: Height, round_: Round, block_hash: Hash) -> Vote | Refused | Away:
        """The vote, signed and checked; or why not."""
        step = SignStep.PREVOTE if kind is VoteKind.PREVOTE else SignStep.PRECOMMIT
        signed = Hash(vote_hash(self._chain_id, kind, height, round_, block_hash))
        made = await self._signed(wire.VoteWish(kind, height, round_, block_hash), step, NO_ROUND, signed)
        if not isinstance(made, LastSigned):
            return made
        return Vote(kind, height, round_, block_hash, self.address, made.signature)

    async def sign_proposal(
        self, height: Height, round_: Round, valid_round: Round, block_hash: Hash
    ) -> Proposal | Refused | Away:
        """The proposal, signed and checked; or why not."""
        signed = Hash(proposal_hash(self._chain_id, height, round_, valid_round, block_hash))
        wish = wire.ProposalWish(height, round_, valid_round, block_hash)
        made = await self._signed(wish, SignStep.PROPOSAL, valid_round, signed)
        if not isinstance(made, LastSigned):
            return made
        return Proposal(height, round_, valid_round, block_hash, self.address, made.signature)

    async def raise_to(self, height: Height) -> Refused | Away | None:
        """Sign nothing of `height` and below any more."""
        answer = await self._ask(wire.FloorWish(height))
        if isinstance(answer, Away):
            return answer
        if isinstance(answer, wire.No):
            return Refused(answer.reason)
        last = answer.last[0] if isinstance(answer, wire.Last) and answer.last else None
        if last is None or last.height < height or not last.is_of(self.public_key):
            return self._lied("a record of the height that was given up")
        self._last = last
        return None

    async def take_lease(self, wish: LeaseWish) -> bytes | Refused | Away:
        """The transaction that takes the signing lease; the chain checks its signature."""
        answer = await self._ask(wire.TransactionWish(*wish))
        if isinstance(answer, Away):
            return answer
        if isinstance(answer, wire.No):
            return Refused(answer.reason)
        return bytes(answer.raw) if isinstance(answer, wire.Granted) else self._lied("a transaction")

    async def _signed(
        self, wish: wire.VoteWish | wire.ProposalWish, step: SignStep, valid_round: Round, signed: Hash
    ) -> LastSigned | Refused | Away:
        if wish.height <= self._barred:
            return Refused(f"another node has signed at height {self._barred}; this one listens until it is over")
        self._asked = (wish.height, wish.round, step, signed)
        answer = await self._ask(wish)
        if isinstance(answer, Away):
            return answer
        if isinstance(answer, wire.No):
            return Refused(answer.reason)
        if not isinstance(answer, wire.Signed) or not verify(self.public_key, signed, answer.signature):
            return self._lied("a signature of its own key over what was asked")
        made = LastSigned(
            self._chain_id, wish.height, wish.round, step, valid_round, wish.block_hash, signed, answer.signature
        )
        if self._last is None or _order(made) > _order(self._last):
            self._last = made
        return made

    def _lied(self, expected: str) -> Away:
        why = f"expected {expected}"
        self._log.error("the signer's answer does not hold; it is not used", reason=why)
        return self._drop(why)

    async def _ask(self, request: Any) -> Any:
        """The answer to a request, or Away."""
        async with self._lock:
            stream = self._stream
            if stream is None:
                return Away(self._why)
            self._answer, self._answered = None, trio.Event()
            try:
                with trio.fail_after(ANSWER_S):
                    await stream.send_all(wire.to_frame(request))
                    await self._answered.wait()
            except trio.TooSlowError:
                return self._drop("it does not answer in time")
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return self._drop("the connection has ended")
            finally:
                self._answered.set()
            return Away(self._why) if self._answer is None else self._answer


def _order(last: LastSigned) -> tuple[int, int, SignStep]:
    return last.height, last.round, last.step


def _place(last: LastSigned) -> tuple[int, int, SignStep, Hash]:
    return last.height, last.round, last.step, last.signed

