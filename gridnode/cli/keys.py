"""gridnode keys: keystore files made, shown and sealed anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridnode.cli.ask import AsJson
from gridnode.cli.passwords import password_of
from gridnode.cli.show import show

app = typer.Typer(help="Keystore files: make, show, change the password.", no_args_is_help=True, rich_markup_mode=None)

Keystore = Annotated[Path, typer.Argument(help="Keystore file.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="File whose first line is the password; else it is asked for.")
]


@app.command()
def generate(keystore: Keystore, password_file: PasswordFile = None, as_json: AsJson = False) -> None:
    """Make a new key pair and write it to a new keystore file; one that exists is never written over."""
    from gridnode.primitives.errors import OperatorError
    from gridnode.storage.keystore import generate as new_keys
    from gridnode.storage.keystore import write_keystore

    if keystore.exists():
        raise OperatorError(f"{keystore}: exists already, and a key is never written over")
    keys = new_keys()
    write_keystore(keystore, keys, password_of(password_file, "New password", confirm=True))
    _show_public(keystore, as_json)


@app.command(name="show")
def show_key(keystore: Keystore, as_json: AsJson = False) -> None:
    """Show the address and the public key of a keystore; needs no password."""
    _show_public(keystore, as_json)


@app.command()
def address(keystore: Keystore) -> None:
    """Print the address alone."""
    from gridnode.crypto.address import address_of, encode_address
    from gridnode.storage.keystore import keystore_public

    print(encode_address(address_of(keystore_public(keystore))))


@app.command()
def change_password(
    keystore: Keystore,
    password_file: PasswordFile = None,
    new_password_file: Annotated[
        Path | None, typer.Option("--new-password-file", help="File with the new password; else it is asked for.")
    ] = None,
) -> None:
    """Seal a keystore under a new password."""
    from gridnode.storage.keystore import change_password as seal_anew

    old = password_of(password_file, "Present password")
    seal_anew(keystore, old, password_of(new_password_file, "New password", confirm=True))


def _show_public(keystore: Path, as_json: bool) -> None:
    from gridnode.crypto.address import address_of, encode_address
    from gridnode.storage.keystore import keystore_public

    key = keystore_public(keystore)
    show({"keystore": str(keystore), "address": encode_address(address_of(key)), "public_key": key.hex()}, as_json)
