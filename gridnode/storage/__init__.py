"""What a node keeps on disk: the chain in LevelDB, the log of the height under way, the last-signed record, keystore files.

Concepts
    leveldb.py      `Database`: columns of one LevelDB, synced batches, readers of the newest rows and of snapshots.
    group.py        blocks that follow each other, written together by a node that catches up; leveldb_files.py, how the files are opened.
    block_store.py  `BlockStore`: blocks, commits and receipts by height, hash, transaction id and account; who votes on each height.
    past_blocks.py  the blocks that come with a snapshot; past_headers.py, what is held of their headers until one proves them.
    pruning.py      how old blocks go and the disk is freed.
    snapshots.py    `SnapshotStore`: snapshots in files, made here or fetched; there when all of them is on the disk.
    evidence_store.py  evidence that no block carries yet.
    undo.py         `UndoLog`: what rows of the state were before the newest blocks, so that a stopped node can be taken back.
    wal.py          the log of what consensus did at the height under way; it is on disk before anything is sent.
    sign_guard.py   the last-signed record: no vote leaves before it is on disk, so a restarted node never signs twice.
    first_guard.py  its first record: someone's word that a key has signed nothing above a height.
    files.py        what log and guard ask of a file system; the machine's own.
    keystore.py     secret keys in files, sealed with a password.

How a block is committed, after it was executed to `writes` and `update` (`gridnode.state`):

    batch = database.batch()
    batch.apply(Column.STATE, writes)
    batch.apply(Column.PAGES, update.pages)
    put = blocks.put(batch, block, commit, receipts, transactions, named, validators of the next height)
    batch.commit()                      synced: after a crash all of it is there, or nothing; `group_batch`, with the blocks around it
    commitment.commit(update)
    blocks.accept(put)

Everything is in one LevelDB because a batch is atomic within one. What fails here is for the operator to mend (`OperatorError`: locked,
not allowed, damaged, disk full, another chain); rows that do not decode although the disk is sound are our own fault (`InvariantBroken`).
"""
