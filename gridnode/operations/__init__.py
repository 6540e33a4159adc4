"""What operators do with nodes besides running them: check, compare, diagnose, move and mend them.

Concepts
    place.py        where the data of a node lies, and which process holds it; its database opened while the node does not run.
    difference.py   `Difference`: one thing that is not as it should be, or not alike on two sides, down to the field.
    records.py      blocks' parts in the form in which they are compared and shown.

    verify.py       verify: of a stopped node; begin.py, the scratch state it begins with, of genesis or of a snapshot.
    reexecute.py    of that: every block executed again, everything stored compared with what comes of it.
    stored_block.py of that: what is stored of a block, read without trust.
    compare_rows.py of that and of diff: rows of two readers, the first that differs.

    diff.py         diff: the first block that two nodes hold differently, by bisection, and what of it differs.
    diff_state.py   of that: the first row, found by digests of runs of rows; which side the header proves right.
    side.py         one side of it: stored_side.py the data of a stopped node, remote_side.py a running one, sides.py opens them.

    why.py          why: one cause of a closed list, and one action; picture.py, what several nodes see together; view.py, one of them.
    bundle.py       debug bundle: one archive without secrets; bundle_parts.py what is in it; stacks.py stacks of a running node.

    block_file.py   the file format of export.py and import_blocks.py.
    rollback.py     one block back; reset.py, back to the beginning.

Nothing here runs inside a node. What reads a node's data needs the node stopped, because LevelDB is open in one process at a time; what asks
a running node does so over its API, as any client. docs/operations.md has a page for each command.
"""
