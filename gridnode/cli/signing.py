"""Messages signed with a keystore, submitted, and followed until they are in a block."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import typer

from gridnode.cli.ask import with_remote
from gridnode.cli.body import message
from gridnode.cli.passwords import password_of
from gridnode.cli.show import show
from gridnode.client.remote import Remote, RemoteProblem
from gridnode.client.wallet import Wallet, id_of
from gridnode.modules.metering.messages import sign_reading
from gridnode.modules.validators.messages import sign_rotation
from gridnode.primitives.errors import Malformed, OperatorError
from gridnode.storage.keystore import read_keystore

WAIT_MS = 30_000
REFUSED = 1


def now_ms() -> int:
    """Wall clock in unix ms."""
    return time.time_ns() // 1_000_000


class Sender(NamedTuple):
    """Who sends, through which node, and what is shown of it."""

    keystore: Path
    """Keystore of the account."""
    password_file: Path | None
    """File with its password; None to ask."""
    api: str
    """URL of the node."""
    wait: bool
    """Whether to wait for the block."""
    as_json: bool
    """Whether to print JSON."""


def send_bodies(sender: Sender, bodies: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Send messages, (kind, JSON body) each, in one transaction and print what became of it.

    Raises OperatorError, RemoteProblem, and typer.Exit with 1 when the chain rejected it.
    """
    _send(sender, [message(kind, body) for kind, body in bodies])


def send_reading(sender: Sender, device: Path, password_file: Path | None, mtu: int, figures: tuple[int, int, int]) -> None:
    """Sign a reading, (Wh generated, Wh consumed, version), with the device's key and send it. Raises as `send_bodies`."""
    chain_id = with_remote(sender.api, _chain_id)
    keys = read_keystore(device, password_of(password_file, "Password of the device"))
    try:
        signed = sign_reading(chain_id, keys, mtu, *figures)
    except Malformed as error:
        raise OperatorError(str(error)) from None
    _send(sender, [signed])


def send_rotation(sender: Sender, name: str, new_key: Path, password_file: Path | None) -> None:
    """Sign the change of a validator's key with the new key and send it. Raises as `send_bodies`."""
    chain_id = with_remote(sender.api, _chain_id)
    keys = read_keystore(new_key, password_of(password_file, "Password of the new key"))
    try:
        signed = sign_rotation(chain_id, name, keys)
    except Malformed as error:
        raise OperatorError(str(error)) from None
    _send(sender, [signed])


def _send(sender: Sender, messages: Sequence[Any]) -> None:
    keys = read_keystore(sender.keystore, password_of(sender.password_file))

    async def talk(remote: Remote) -> dict[str, Any]:
        wallet = Wallet(keys, await _chain_id(remote))
        try:
            raw = wallet.sign(messages, now_ms())
        except Malformed as error:
            raise OperatorError(str(error)) from None
        return await _submit(remote, raw, WAIT_MS if sender.wait else 0)

    result = with_remote(sender.api, talk, timeout_s=WAIT_MS / 1000 + 10)
    show(result, sender.as_json)
    if result.get("code"):
        raise typer.Exit(REFUSED)


async def _chain_id(remote: Remote) -> str:
    return str((await remote.status())["chain_id"])


async def _submit(remote: Remote, raw: bytes, wait_ms: int) -> dict[str, Any]:
    row = (await remote.submit([raw], wait_ms))[0]
    if row["status"] == "rejected":
        error = row["error"]
        raise RemoteProblem(400, error["code"], error["message"], error["field"])
    if row["status"] != "committed":
        return row
    found: dict[str, Any] = await remote.get(f"transactions/{id_of(raw).hex()}")
    return found
