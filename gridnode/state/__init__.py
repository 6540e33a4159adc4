"""The state: typed tables over an ordered key-value protocol, changed only through one overlay, committed to by sparse Merkle trees.

Concepts
    kv.py          `Reader`: get and ordered scan over bytes. LevelDB, a snapshot of it, a dict and the overlay are all readers.
    overlay.py     `State(base)`: uncommitted changes over a reader, with nested begin, commit and rollback; `writes()` is the net change.
    key_index.py   the keys an overlay has touched, in order, for its scans.
    prefixes.py    the number of each module and so the first byte of its keys; the one place where they are given out.
    key_parts.py   kinds of key parts, whose order as bytes is the order of the values; none begins another.
    table.py       `Table`: typed keys, values as records or single fields; get, put, delete, scan, changes.
    commitment.py  `Commitment`: one sparse Merkle tree per module, module roots in an RFC 6962 tree, that root in the header.
    page_cache.py  the tree rows used lately.
    proof.py       `prove` and `verify_proof`: a row is there with this value, or it is not there, by a trusted header alone.
    digests.py     digests of runs of rows, by which two nodes find the rows in which they differ.
    reference_tree.py  the tree by its definition; the compiled kernel is `gridnode._native.commitment`, and a property test compares them.

How a block changes the state

    state = State(reader)                      rules read and write it, through tables
    writes = state.writes()                    net changes, keys ascending
    update = commitment.update(writes)         update.root goes into the header; nothing is changed yet
    writes and update.pages are stored in one batch, then commitment.commit(update); an update that is dropped leaves no trace

The key of a row is: module number (1 byte), table number (1 byte), key parts. A tree commits to SHA-256 of the key and of the value.
A subtree without leaves is 32 zero bytes, one with a single leaf is SHA-256(0x00 | key hash | value hash), any other SHA-256(0x01 | left |
right); so a leaf sits at its shortest unique prefix, and the root depends on the content alone. The leaf of a module in the tree of modules
is its number and its root.

The cost of a block grows with what it changes, not with the size of the state: tree rows are stored (buckets of up to 8 leaves, pages of
three levels above them), those used lately are kept in memory, and a block's changes go through each tree in one pass.
"""
