"""The state: typed tables over an ordered key-value protocol, changed only through one overlay, committed to by sparse Merkle trees.

Concepts
    kv.py          `Reader`: get and ordered scan over bytes. LevelDB, a snapshot of it, a dict and the overlay are all readers.
    overlay.py     `State(base)`: uncommitted changes over a reader, with nested begin, commit and rollback; `writes()` is the net change.
    prefixes.py    the number of each module and so the first byte of its keys; the one place where they are given out.
    table.py       `Table`: key parts in an order-preserving encoding, values as records or single fields; get, put, delete, scan, changes.
    commitment.py  a compact sparse Merkle tree per module, module roots in an RFC 6962 tree: `update`, proofs of membership and of
                   non-membership. The kernel is `gridnode._native.commitment`; the Python reference stays beside it.

The key of a row is: module number (1 byte), table number (1 byte), key parts. A tree commits to SHA-256 of the key and of the value.
The cost of a block grows with what it changes, not with the size of the state: tree pages are stored, the upper ones cached.
"""
