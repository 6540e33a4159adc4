"""What operators do with nodes besides running them: check, compare, diagnose, move and mend them.

Concepts
    place.py        where the data of a node lies, and whether a process holds it; its database opened while the node does not run.
    difference.py   `Difference`: one thing that is not as it should be, or not alike on two sides, down to the field.
    reexecute.py    verify: every block executed again in a scratch state, everything stored compared with what comes of it.
    verify.py       of a stopped node; stored_block.py reads its blocks without trust.
    compare_rows.py of that and of diff: rows of two readers, the first that differs; records.py how blocks' parts are compared.
    side.py         one side of a diff: stored_side.py the data of a stopped node, remote_side.py a running one over its API.
    diff.py         diff: the first block that two nodes hold differently, by bisection, and what of it differs.
    diff_state.py   of that: the first row, found by digests of runs of rows; which side the header proves right.
    block_file.py   the file format of export.py and import_blocks.py.

Nothing here runs inside a node. What reads a node's data needs the node stopped, because LevelDB is open in one process at a time; what asks
a running node does so over its API, as any client. docs/operations.md has a page for each command.
"""
