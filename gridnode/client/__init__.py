"""The Python SDK: sign transactions, submit them to a node's REST API, ask it things.

Concepts
    wallet.py   a key pair that builds and signs transactions for one chain.
    remote.py   `Remote`: one node's API as methods; its errors as `RemoteProblem`.
    light.py    a light client (`gridnode.light`) over the APIs of a primary and of witnesses.
    trusted.py  what it trusts, in a folder.

It stands beside the node: it uses the chain's records and the modules' messages, never the node's insides.
"""
