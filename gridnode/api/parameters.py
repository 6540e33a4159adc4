"""Path and query parameters: taken once, checked, and refused with a problem that names the parameter and what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from starlette.requests import Request

from gridnode.api.problems import Problem, bad_parameter
from gridnode.crypto.address import decode_address
from gridnode.primitives.errors import Malformed
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_NAME_CHARS, MAX_U64

DEFAULT_PAGE: Final = 100
MAX_WAIT_MS: Final = 60_000
_MOST_DIGITS = 20  # of 2**64
REPEATED: Final = ("part",)
"""Parameters that may come more than once."""


class Parameters:
    """The parameters of one request; a query parameter that nobody asked for is refused, so a typing error does not pass for an answer."""

    def __init__(self, request: Request, allowed: Iterable[str] = ()) -> None:
        self._path: Mapping[str, str] = request.path_params
        self._query = request.query_params
        self._max_page: int = request.app.state.node.config.api.max_page
        names = tuple(allowed)
        for name in self._query:
            if name not in names:
                raise bad_parameter(name[:MAX_NAME_CHARS], "one of " + (", ".join(names) or "no parameters"), name)
            if name not in REPEATED and len(self._query.getlist(name)) > 1:
                raise bad_parameter(name, "the parameter once", f"it {len(self._query.getlist(name))} times")

    def text(self, name: str) -> str | None:
        """A parameter as it stands, or None."""
        value = self._path.get(name, self._query.get(name))
        return None if value is None else str(value)

    def texts(self, name: str) -> list[str]:
        """All values of a query parameter that may come more than once, in order."""
        return self._query.getlist(name)

    def name(self, name: str) -> str | None:
        """A name on the chain (zone, meter, connection point), or None when absent."""
        text = self.text(name)
        if text is None:
            return None
        if not 1 <= len(text) <= MAX_NAME_CHARS or not all("!" <= letter <= "~" for letter in text):
            raise bad_parameter(name, f"1 to {MAX_NAME_CHARS} printable ASCII characters without spaces", text)
        return text

    def required_name(self, name: str) -> str:
        """As `name`, and it must be there."""
        value = self.name(name)
        if value is None:
            raise bad_parameter(name, f"1 to {MAX_NAME_CHARS} printable ASCII characters", "nothing")
        return value

    def boolean(self, name: str) -> bool | None:
        """`true` or `false`, or None when absent."""
        text = self.choice(name, ("true", "false"))
        return None if text is None else text == "true"

    def integer(self, name: str, low: int = 0, high: int = MAX_U64) -> int | None:
        """A whole number from `low` to `high`, or None when absent."""
        text = self.text(name)
        if text is None:
            return None
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS and low <= int(text) <= high):
            raise bad_parameter(name, f"a whole number from {low} to {high}", text)
        return int(text)

    def required_integer(self, name: str, low: int = 0, high: int = MAX_U64) -> int:
        """As `integer`, and it must be there."""
        value = self.integer(name, low, high)
        if value is None:
            raise bad_parameter(name, f"a whole number from {low} to {high}", "nothing")
        return value

    def hexadecimal(self, name: str, size: int) -> bytes | None:
        """`size` bytes in hex, or None when absent."""
        text = self.text(name)
        if text is None:
            return None
        try:
            value = bytes.fromhex(text)
        except ValueError:
            value = b""
        if len(value) != size or len(text) != 2 * size:  # fromhex skips blanks
            raise bad_parameter(name, f"{size} bytes in hex", text)
        return value

    def address(self, name: str) -> Address | None:
        """An address in bech32m, or None when absent."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return decode_address(text)
        except Malformed as error:
            raise Problem(400, "BAD_PARAMETER", str(error), name) from None

    def required_address(self, name: str) -> Address:
        """As `address`, and it must be there."""
        value = self.address(name)
        if value is None:
            raise bad_parameter(name, "an address such as grid1...", "nothing")
        return value

    def choice(self, name: str, options: Iterable[str]) -> str | None:
        """One of `options`, or None when absent."""
        text = self.text(name)
        listed = tuple(options)
        if text is not None and text not in listed:
            raise bad_parameter(name, "one of " + ", ".join(listed), text)
        return text

    def limit(self) -> int:
        """Rows in a page: the parameter `limit`, from 1 to the node's greatest page."""
        return self.integer("limit", 1, self._max_page) or min(DEFAULT_PAGE, self._max_page)
