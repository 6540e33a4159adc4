"""Hashes, keys, addresses, proofs and keystore files.

Concepts
    hashing.py   SHA-256 with a domain tag for each purpose: a hash made for one purpose never equals one made for another.
    keys.py      Ed25519 as libsodium does it; the one verification rule of consensus.
    address.py   20-byte addresses of keys and of module accounts; bech32m text with prefix `grid`.
    merkle.py    RFC 6962 trees over lists: root, inclusion and consistency proofs.
    keystore.py  secret keys under a password: PBKDF2-HMAC-SHA256 (600,000 rounds) and AES-256-GCM. Its files, and new keys,
                 are in `gridnode.storage.keystore`, because nothing here touches a disk or draws by chance.

Libraries disagree on edge cases of Ed25519 (cofactors, small-order points, non-canonical encodings). libsodium's answer is pinned by
the public `speccheck` and Wycheproof vectors; a node that answered differently would fork.
"""
