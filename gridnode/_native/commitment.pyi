from collections.abc import Callable

def update(
    load: Callable[[bytes], bytes | None],
    module: int,
    root: bytes,
    rows: list[tuple[bytes, bytes | None]],
    writes: dict[bytes, bytes | None],
) -> bytes:
    """Apply changed rows of one module to its tree; returns the new root (count and hash, 36 bytes)."""

def path(
    load: Callable[[bytes], bytes | None], module: int, root: bytes, key_hash: bytes
) -> tuple[list[bytes], bytes]:
    """Hashes beside the way to `key_hash`, from the root down, and the leaf at its end (64 bytes, or none)."""
