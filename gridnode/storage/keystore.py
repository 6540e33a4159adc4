"""Keystore files: secret keys on disk, for their owner alone (mode 0600), whole or not at all.

What is in a file, and how it is sealed, is `gridnode.crypto.keystore`; here are the disk and the operating system's chance.
A file is written beside its place, synced, and then put there in one step. One that exists is never written over: the key in it
may be the only copy.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from gridnode.crypto.keys import SEED_BYTES, KeyPair, key_pair
from gridnode.crypto.keystore import MAX_KEYSTORE_BYTES, NONCE_BYTES, SALT_BYTES, public_part, seal, unseal
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import PublicKey


def generate() -> KeyPair:
    """A new key pair from the operating system's chance."""
    return key_pair(secrets.token_bytes(SEED_BYTES))


def write_keystore(path: Path, keys: KeyPair, password: str) -> None:
    """Write `keys` under `password` to the new file `path`.

    Raises OperatorError when the file exists, the password is empty, or the disk refuses.
    """
    _put(path, _sealed(path, keys, password), replace=False)


def change_password(path: Path, old: str, new: str) -> None:
    """Seal the keystore at `path` anew, under `new` instead of `old`.

    Raises OperatorError as `read_keystore` does, and when the new password is empty; the old file then still stands.
    """
    keys = read_keystore(path, old)
    _put(path, _sealed(path, keys, new), replace=True)


def read_keystore(path: Path, password: str) -> KeyPair:
    """Key pair in the keystore at `path`; takes a tenth of a second and more, as does each guess of the password.

    Raises OperatorError: no such file, readable by others, not a keystore, unknown version, damaged, or wrong password.
    """
    text = _read(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise OperatorError(f"{path}: others may read this keystore (mode {mode:04o}): chmod 600 {path}")
    try:
        return unseal(text, password)
    except OperatorError as error:
        raise OperatorError(f"{path}: {error}") from None


def keystore_public(path: Path) -> PublicKey:
    """Public key of the keystore at `path`, without its password. Raises OperatorError when there is none, or damaged."""
    text = _read(path)
    try:
        return public_part(text)
    except OperatorError as error:
        raise OperatorError(f"{path}: {error}") from None


def _sealed(path: Path, keys: KeyPair, password: str) -> str:
    try:
        return seal(keys, password, secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES))
    except OperatorError as error:
        raise OperatorError(f"{path}: {error}") from None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_KEYSTORE_BYTES + 1)
        if len(data) > MAX_KEYSTORE_BYTES:
            raise OperatorError(f"{path}: expected a keystore of at most {MAX_KEYSTORE_BYTES} bytes")
        return data.decode("ascii")
    except OSError as error:
        raise OperatorError(f"{path}: cannot read the keystore: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OperatorError(f"{path}: damaged keystore: expected JSON") from None


def _put(path: Path, text: str, replace: bool) -> None:
    """Make `path` hold `text`, mode 0600, on disk before this returns; without `replace` only if there is no such file."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                beside.replace(path)
            else:
                os.link(beside, path)  # unlike a rename it fails when another got there first
        finally:
            beside.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except FileExistsError:
        raise OperatorError(f"{path}: exists already, and a key is never written over") from None
    except OSError as error:
        raise OperatorError(f"{path}: cannot write the keystore: {error.strerror}") from None


def _sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
