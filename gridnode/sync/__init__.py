"""Catching up: how a node that comes late, or was away, gets the blocks it lacks.

Concepts
    messages.py   what nodes tell and ask each other: status, ranges of blocks with their commits, transactions by id, light blocks.
    requester.py  pure: peers' heights in, requests out; hands over blocks strictly in order; a peer that answers wrongly is named.
    parts.py      pure: what is missing of a proposed block, and which part of it is asked of whom.
    responder.py  pure: answers bounded in blocks and bytes.

A node tells its peers its height after each block and every second. One that learns of a greater height asks for the next blocks, each
with the commit that makes it final, checks commit, header and every root by executing it, and stores it. While blocks are known to be
missing it takes no part in consensus and signs nothing.
"""
