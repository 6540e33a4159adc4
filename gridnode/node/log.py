"""Structured logs: one line an event, as key=value pairs or as a JSON object.

    log = Log("consensus")
    log.info("block committed", height=7, transactions=31)

Built on the standard library's logging, so that what libraries say comes in the same form, and a layer below this one hands in its values
as `extra={"values": {...}}`. Values are written as they are; secrets are never handed in.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gridnode.primitives.errors import OperatorError

_ROOT = "gridnode"
_QUIET = ("libp2p", "multiaddr", "hypercorn", "async_service", "matplotlib", "httpx", "httpcore")


class Log:
    """Events of one part of the node."""

    def __init__(self, part: str) -> None:
        self._logger = logging.getLogger(f"{_ROOT}.{part}")

    def debug(self, event: str, **values: Any) -> None:
        """For those who look for a fault."""
        self._write(logging.DEBUG, event, values)

    def info(self, event: str, **values: Any) -> None:
        """For operators: what the node does."""
        self._write(logging.INFO, event, values)

    def warning(self, event: str, **values: Any) -> None:
        """Something is not as it should be and the node goes on."""
        self._write(logging.WARNING, event, values)

    def error(self, event: str, **values: Any) -> None:
        """Something failed that an operator must see to."""
        self._write(logging.ERROR, event, values)

    def _write(self, level: int, event: str, values: dict[str, Any]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, event, extra={"values": values})


class _Formatter(logging.Formatter):
    def __init__(self, node: str, as_json: bool) -> None:
        super().__init__()
        self._node = node
        self._json = as_json

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        values = dict(getattr(record, "values", {}))
        if record.exc_info:
            values["exception"] = self.formatException(record.exc_info)
        fields = {
            "time": time,
            "level": record.levelname.lower(),
            "node": self._node,
            "part": record.name.removeprefix(_ROOT + "."),
            "event": record.getMessage(),
            **{name: _plain(value) for name, value in values.items()},
        }
        if self._json:
            return json.dumps(fields, ensure_ascii=False)
        return " ".join(f"{name}={_quoted(value)}" for name, value in fields.items())


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, (bool, int, float, str, list)) or value is None else str(value)


def _quoted(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or any(letter in text for letter in ' "=\n\\') else text


def start_logging(node: str, level: str, form: str, file: Path | None) -> None:
    """Send all events of `level` and above to `file` (appended), or to standard error, in `form` `text` or `json`.

    Raises OperatorError when the file cannot be opened.
    """
    try:
        handler: logging.Handler = logging.StreamHandler(sys.stderr) if file is None else logging.FileHandler(file)
    except OSError as error:
        raise OperatorError(f"{file}: cannot open the log file: {error}") from None
    handler.setFormatter(_Formatter(node, form == "json"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_ROOT).setLevel(level.upper())
    for library in _QUIET:
        logging.getLogger(library).setLevel(logging.ERROR)
