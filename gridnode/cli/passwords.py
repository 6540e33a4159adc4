"""A password: the first line of a file, or asked for at the terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from gridnode.primitives.errors import OperatorError


def password_of(file: Path | None, prompt: str = "Password", confirm: bool = False) -> str:
    """The password in `file`, else what is typed without echo, twice when `confirm`.

    Raises OperatorError when the file cannot be read or is empty, or when there is no terminal to ask at.
    """
    if file is not None:
        return _first_line(file)
    if not sys.stdin.isatty():
        raise OperatorError("expected --password-file, or a terminal to ask for the password at")
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True))


def _first_line(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as lines:
            password = lines.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{file}: cannot read the password file: {error}") from None
    if not password:
        raise OperatorError(f"{file}: expected a password in the first line")
    return password
