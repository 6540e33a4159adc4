"""How LevelDB is opened, and what is said when it cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plyvel

from gridnode.primitives.errors import OperatorError

_OPTIONS: dict[str, Any] = {
    "paranoid_checks": True,  # refuse a damaged log rather than lose the blocks in it
    "write_buffer_size": 16
    * 1024
    * 1024,  # upper pages of the tree, rewritten by every block, meet in memory
    "lru_cache_size": 32 * 1024 * 1024,
    "bloom_filter_bits": 10,  # most lookups of rows that do not exist end without a read
    "max_open_files": 256,
    "max_file_size": 8 * 1024 * 1024,
    "compression": None,  # hashes, keys and signatures, most of the bytes, do not compress
}


def open_files(path: Path) -> Any:
    """The LevelDB in the folder `path`, made when there is none. Raises OperatorError: in use, not allowed, damaged."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        return plyvel.DB(str(path), create_if_missing=True, **_OPTIONS)
    except plyvel.CorruptionError as error:
        raise OperatorError(
            f"{path}: the database is damaged ({words_of(error)}); move it away, the node then syncs it anew"
        ) from None
    except plyvel.Error as error:
        text = words_of(error)
        if "already held" in text or "Resource temporarily unavailable" in text:
            raise OperatorError(f"{path}: the database is in use by another process") from None
        raise OperatorError(f"{path}: cannot open the database: {text}") from None
    except OSError as error:
        raise OperatorError(f"{path}: cannot open the database: {error.strerror}") from None


def words_of(error: Exception) -> str:
    """LevelDB's own words; plyvel hands them over as bytes."""
    [first, *_] = error.args or ("",)
    return first.decode(errors="replace") if isinstance(first, bytes) else str(first)
