"""The signer as a process: opens key and guard, listens, ends cleanly at SIGINT or SIGTERM."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import trio

from gridnode.codec.fields import NAME
from gridnode.node.config import read_text
from gridnode.node.consensus_key import GUARD_FILE
from gridnode.node.log import Log, start_logging
from gridnode.primitives.errors import Malformed, OperatorError
from gridnode.primitives.units import Height
from gridnode.signer.place import bound
from gridnode.signer.serve import Signer, lock_folder
from gridnode.storage.first_guard import guard_above
from gridnode.storage.keystore import read_keystore
from gridnode.storage.sign_guard import SignGuard

_log = Log("signer")


@dataclass(frozen=True, slots=True)
class SignerPlan:
    """What an operator says of a signer."""

    keystore: Path
    """Of the consensus key."""
    password_file: Path
    """Its first line is the keystore's password."""
    guard: Path
    """Folder of the guard."""
    socket: Path
    """Where nodes reach it."""
    chain_id: str
    """The one chain."""
    log_format: str
    """`text` or `json`."""
    signed_up_to: int | None = None
    """The operator's word that nothing above this height was signed, for a guard that is lost; None without one."""


def run_signer(plan: SignerPlan) -> None:
    """Serve until a signal ends it.

    Raises OperatorError: no such key, wrong password, the guard damaged, of another key or chain, or in use, no place for the socket.
    """
    if plan.log_format not in ("text", "json"):
        raise OperatorError(f"--log-format: expected text or json, got {plan.log_format}")
    try:
        NAME.pack(plan.chain_id)
    except Malformed as error:
        raise OperatorError(f"--chain-id: {error}") from None
    start_logging("signer", "info", plan.log_format, None)
    keys = read_keystore(plan.keystore, read_text(plan.password_file, "password file").split("\n", 1)[0])
    lock = lock_folder(plan.guard)
    try:
        path = plan.guard / GUARD_FILE
        if plan.signed_up_to is None:
            guard = SignGuard(path, plan.chain_id, keys)
        else:
            guard = guard_above(path, plan.chain_id, keys, Height(plan.signed_up_to))
        if guard.last is not None and not guard.last.is_of(keys.public_key):
            raise OperatorError(f"{plan.guard}: expected the guard of key {keys.public_key.hex()}, it is another key's")
        trio.run(_run, plan, guard)
    finally:
        os.close(lock)


async def _run(plan: SignerPlan, guard: SignGuard) -> None:
    with bound(plan.socket) as raw, trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        try:
            listener = trio.SocketListener(trio.socket.from_stdlib_socket(raw))
            _log.info("listening", socket=plan.socket, chain=plan.chain_id, key=guard.public_key)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(Signer(guard, plan.chain_id, _log).run, listener)
                async for number in signals:
                    _log.info("stopping", signal=signal.Signals(number).name)
                    break
                nursery.cancel_scope.cancel()
        finally:
            plan.socket.unlink(missing_ok=True)
    _log.info("stopped")
