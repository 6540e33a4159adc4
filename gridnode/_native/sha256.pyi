def sha256_of(data: bytes) -> bytes:
    """32-byte SHA-256 of `data`."""

def use(library: str) -> bool:
    """Compute with "openssl" or "libsodium" from now on; returns whether this machine has it. Digests are the same."""
