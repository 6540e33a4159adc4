"""gridnode lease: which machine of a validator signs, and how another takes over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridnode.cli.ask import DEFAULT_API, Api, AsJson, get, with_remote
from gridnode.cli.show import show

if TYPE_CHECKING:
    from gridnode.client.remote import Remote
    from gridnode.storage.sign_guard import LeaseWish

WAIT_MS = 30_000
REFUSED = 1
app = typer.Typer(help="Which machine of a validator signs.", no_args_is_help=True)


@app.command()
def status(api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Who signs for the validator of a node, and why this machine does not if so."""
    show(_signing(get(api, "status")), as_json)


@app.command()
def take(
    config: Annotated[Path, typer.Option(help="Configuration of this machine's node, which runs.")],
    as_json: AsJson = False,
) -> None:
    """Take the lease for this machine: from the height after the next block on it signs, and the other listens."""
    from gridnode.client.remote import RemoteProblem
    from gridnode.client.wallet import id_of
    from gridnode.node.config import load_config

    listen = load_config(config).api.listen.replace("0.0.0.0:", "127.0.0.1:")

    async def talk(remote: Remote) -> dict[str, Any]:
        raw = _signed(config, await remote.get("status"))
        [row] = await remote.submit([raw], WAIT_MS)
        if row["status"] == "rejected":
            error = row["error"]
            raise RemoteProblem(400, error["code"], error["message"], error["field"])
        if row["status"] != "committed":
            return row
        return dict(await remote.get(f"transactions/{id_of(raw).hex()}"))

    result = with_remote(f"http://{listen}", talk, WAIT_MS / 1000 + 10)
    show(result, as_json)
    if result.get("code"):
        raise typer.Exit(REFUSED)


def _signing(status: dict[str, Any]) -> dict[str, Any]:
    """What a node says of who signs. Raises OperatorError when it does not sign at all."""
    from gridnode.primitives.errors import OperatorError

    signing = status.get("signing")
    if not signing:
        raise OperatorError(f"{status['name']} is of type {status['type']} and never signs")
    return dict(signing)


def _signed(config_path: Path, status: dict[str, Any]) -> bytes:
    """The transaction that takes the lease, signed by the key of this machine or its signer. Raises OperatorError."""
    import time

    from gridnode.node.config import load_config
    from gridnode.node.genesis_file import load_genesis
    from gridnode.primitives.ids import PublicKey
    from gridnode.primitives.limits import DEFAULT_VALIDITY_MS, MAX_U32, MAX_VALIDITY_MS
    from gridnode.primitives.units import TimeMs
    from gridnode.storage.sign_guard import LeaseWish

    config, folder = load_config(config_path), config_path.resolve().parent
    genesis = load_genesis(folder / config.genesis)
    signing, now_ms = _signing(status), time.time_ns() // 1_000_000
    until = min(max(status["time_ms"], now_ms) + DEFAULT_VALIDITY_MS, status["time_ms"] + MAX_VALIDITY_MS)
    epoch = 1 + (signing["lease"]["epoch"] if signing["lease"] else 0)
    wish = LeaseWish(PublicKey(bytes.fromhex(signing["machine"])), epoch, TimeMs(until), now_ms & MAX_U32)
    return _by_key(config, folder, genesis, wish)


def _by_key(config: Any, folder: Path, genesis: Any, wish: LeaseWish) -> bytes:
    from gridnode.node.consensus_key import GUARD_FILE, own_keys
    from gridnode.primitives.errors import OperatorError
    from gridnode.signer.greet import signed_lease
    from gridnode.storage.sign_guard import SignGuard

    if config.validator is None:
        raise OperatorError("validator: expected a section, this node never signs")
    if config.validator.signer:
        return signed_lease(folder / config.validator.signer, genesis.chain_id, wish)
    guard = folder / config.data_dir / GUARD_FILE
    return SignGuard(guard, genesis.chain_id, own_keys(config.validator, folder)).take_lease(wish)
