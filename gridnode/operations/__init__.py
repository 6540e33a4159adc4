"""What operators do with nodes besides running them: check, compare, diagnose, move and mend them.

Concepts
    place.py        where the data of a node lies, and whether a process holds it; its database opened while the node does not run.
    difference.py   `Difference`: one thing that is not as it should be, or not alike on two sides, down to the field.
    reexecute.py    verify: every block executed again in a scratch state, everything stored compared with what comes of it.
    compare_rows.py of that and of diff: rows of two readers, the first that differs.

Nothing here runs inside a node. What reads a node's data needs the node stopped, because LevelDB is open in one process at a time; what asks
a running node does so over its API, as any client. docs/operations.md has a page for each command.
"""
