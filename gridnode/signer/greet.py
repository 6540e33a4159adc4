"""One greeting without trio: what a signer is and what it signed last. For checks before a start, and for commands."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

from gridnode.primitives.errors import OperatorError, PeerFault
from gridnode.primitives.units import Height
from gridnode.signer import wire
from gridnode.signer.place import check_socket, is_trusted, other_end
from gridnode.storage.sign_guard import LeaseWish

TIMEOUT_S = 5.0
"""For each step of the conversation."""
_PAUSE_S = 0.2


def greet(path: Path, chain_id: str, patience_s: float = 0.0) -> wire.Welcome:
    """What the signer at `path` says of itself; it is waited for `patience_s` seconds, for both may be starting.

    Raises OperatorError: no signer there, one of another chain, version or user, or one that does not answer.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return _ask(path, chain_id, None)[0]
        except OperatorError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE_S)


def signed_lease(path: Path, chain_id: str, wish: LeaseWish) -> bytes:
    """The transaction that takes the validator's lease, signed by the signer at `path`.

    Raises OperatorError as `greet`, or when the signer refuses.
    """
    request = wire.TransactionWish(wish.machine, wish.epoch, wish.valid_until_ms, wish.salt)
    answer = _ask(path, chain_id, request)[1]
    if not isinstance(answer, wire.Granted):
        raise OperatorError(f"{path}: the signer refuses: {getattr(answer, 'reason', type(answer).__name__)}")
    return answer.raw


def raise_floor(path: Path, chain_id: str, height: Height) -> None:
    """Make the signer at `path` sign nothing of `height` and below any more; no node may have the seat.

    Raises OperatorError as `greet`, or when the signer refuses.
    """
    answer = _ask(path, chain_id, wire.FloorWish(height))[1]
    if not isinstance(answer, wire.Last) or not answer.last or answer.last[0].height < height:
        raise OperatorError(f"{path}: the signer refuses: {getattr(answer, 'reason', type(answer).__name__)}")


def _ask(path: Path, chain_id: str, request: Any) -> tuple[wire.Welcome, Any]:
    check_socket(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
        connection.settimeout(TIMEOUT_S)
        try:
            connection.connect(os.fspath(path))
            if not is_trusted(other_end(connection)):
                raise OperatorError(f"{path}: expected a signer of this user, user {other_end(connection).uid} listens there")
            connection.sendall(wire.to_frame(wire.Hello(wire.VERSION, chain_id, isinstance(request, wire.FloorWish))))
            welcome = wire.check_welcome(_receive(connection), chain_id)
            if request is None:
                return welcome, None
            connection.sendall(wire.to_frame(request))
            return welcome, _receive(connection)
        except PeerFault as fault:
            raise OperatorError(f"{path}: {fault}") from None
        except OSError as error:
            raise OperatorError(f"{path}: the signer does not answer ({error}); is gridnode signer running?") from None


def _receive(connection: socket.socket) -> Any:
    head = wire.read_head(_exactly(connection, wire.HEAD.size))
    return wire.read_body(head, _exactly(connection, head.size))


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise PeerFault(f"expected {size} bytes, the connection ended after {len(data)}")
        data += part
    return data
