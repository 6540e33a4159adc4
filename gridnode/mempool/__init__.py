"""Transactions that wait for a block.

Concepts
    pool.py     bounded in count and bytes, each id once, each sender at most so many; handed out fairly, sender by sender in turn; dropped
                when committed or expired.
    outbox.py   what is to be gossiped, packed into messages of bounded size.

What enters has had its signatures checked and was found able to pay its fee at that moment. Nothing in the pool is run again when
a block is committed: committed and expired ids leave, the others stay as they are, and the proposer finds out what no longer
holds when it executes. A full pool refuses the newcomer and says so; it never drops what it has accepted.
"""
