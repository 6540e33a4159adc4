"""gridnode tx: licences, weights, bonds, jail and keys of validators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridnode.cli.ask import DEFAULT_API, Api, AsJson
from gridnode.cli.tx import AmountArgument, Keystore, PasswordFile, Wait, send_one

app = typer.Typer(rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="Name of the validator.")]


@app.command(name="license")
def license_validator(
    name: Name,
    operator: Annotated[str, typer.Option(help="Address of the account that acts for it, and receives its fees.")],
    key: Annotated[str, typer.Option(help="Its consensus key, 64 hex digits: `validator_key` of its `gridnode init`.")],
    keystore: Keystore,
    weight: Annotated[int, typer.Option(min=0, help="Of an authority; without it a staked validator is licensed.")] = 0,
    zone: Annotated[str, typer.Option(help="Zone, of which no two validators propose in a row.")] = "",
    node_key: Annotated[str, typer.Option(help="Its node's key in the network: `node_key` of its `gridnode init`.")] = "",
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """License a validator, or again one that was revoked or convicted; the sender is a regulator."""
    body = {
        "name": name,
        "kind": "authority" if weight else "staked",
        "zone": zone,
        "operator": operator,
        "key": key,
        "node_key": node_key,
        "weight": weight,
    }
    send_one("validators.license", body, keystore, password_file, api, wait, as_json)


@app.command()
def revoke(
    name: Name, keystore: Keystore, password_file: PasswordFile = None, api: Api = DEFAULT_API, wait: Wait = True,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take a validator's licence; its bond goes home after the delay. The sender is a regulator."""
    send_one("validators.revoke", {"name": name}, keystore, password_file, api, wait, as_json)


@app.command()
def weight(
    name: Name,
    weight: Annotated[int, typer.Argument(min=1, help="New weight.")],
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Change the weight of an authority; the sender is a regulator."""
    send_one("validators.set_weight", {"name": name, "weight": weight}, keystore, password_file, api, wait, as_json)


@app.command()
def bond(
    name: Name, amount: AmountArgument, keystore: Keystore, password_file: PasswordFile = None, api: Api = DEFAULT_API,
    wait: Wait = True, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Bond GRID of yours for a staked validator that you operate."""
    from gridnode.cli.body import amount as units

    body = {"name": name, "amount": units(amount, "grid")}
    send_one("validators.bond", body, keystore, password_file, api, wait, as_json)


@app.command()
def unbond(
    name: Name, amount: AmountArgument, keystore: Keystore, password_file: PasswordFile = None, api: Api = DEFAULT_API,
    wait: Wait = True, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take GRID out of a validator's bond; it is home after the delay."""
    from gridnode.cli.body import amount as units

    body = {"name": name, "amount": units(amount, "grid")}
    send_one("validators.unbond", body, keystore, password_file, api, wait, as_json)


@app.command()
def unjail(
    name: Name, keystore: Keystore, password_file: PasswordFile = None, api: Api = DEFAULT_API, wait: Wait = True,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Bring a validator of yours back from jail, once its pause is over."""
    send_one("validators.unjail", {"name": name}, keystore, password_file, api, wait, as_json)


@app.command()
def rotate_key(
    name: Name,
    new_key: Annotated[Path, typer.Option(help="Keystore of the new consensus key; its node has it from the next height on.")],
    keystore: Keystore,
    new_password_file: Annotated[Path | None, typer.Option(help="File with its password; else it is asked for.")] = None,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Give a validator of yours another consensus key. Start its node with the new key right afterwards."""
    from gridnode.cli.signing import Sender, send_rotation

    sender = Sender(keystore, password_file, api, wait, as_json)
    send_rotation(sender, name, new_key, new_password_file)


@app.command()
def node_key(
    name: Name,
    key: Annotated[str, typer.Argument(help="64 hex digits; empty when its peers have it in their configuration.")],
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Say by which network key a validator's node of yours is known."""
    send_one("validators.set_node_key", {"name": name, "node_key": key}, keystore, password_file, api, wait, as_json)
