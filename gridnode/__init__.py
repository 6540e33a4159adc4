"""gridnode: a permissioned blockchain node for peer-to-peer energy trading.

Utilities and the regulator run validators; households, aggregators and meters talk to any of them. Who owns which meter, what it
measured, which orders met, who delivered and who pays whom: all of it is decided on the chain, in integers, the same on every node.

The layers, from the top. A package imports only packages below it; packages on one line do not see each other.

    cli                                     commands
    api | replay | simulation | operations  REST | a recorded day on a testnet | all nodes on a virtual clock | operators' tools
    node                                    the runtime: the only place that knows all parts
    network | storage | client | signer     py-libp2p | LevelDB, write-ahead log | the Python SDK | the key's process     IO starts here
    consensus | execution | mempool | sync  pure: inputs in, effects out
    audit | light                           pure second opinions: the market from blocks, headers from signatures
    modules                                 business rules, one folder per bounded context
    state                                   typed tables, overlay, commitment
    chain                                   block, transaction, vote, commit, genesis, parameters
    codec | crypto | _native                canonical bytes | keys, hashes, proofs | compiled kernels
    primitives                              units, ids, limits, errors

`client` and `replay` stand beside the node: they reach it over its API like anyone else and import nothing of it.

The packages from primitives to sync are pure: no clock, no chance, no files, sockets, threads or logs, no floating point, no order
taken from a set. Equal inputs give equal bytes on every node; everything of the outside world is performed by the node. The tests
in tests/architecture hold both rules.

Read the chapters, the docstrings of the packages' `__init__.py`, from the bottom of the list to its top.
"""
