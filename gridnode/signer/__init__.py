"""The consensus key in a process of its own: the node asks, the signer decides.

Concepts
    signs.py     `Signs`, what a node asks of a key, wherever it is; `OwnKey`, a key in the node's own process.
    wire.py      what travels over the socket: frames, the greeting, requests, answers.
    place.py     the socket as a file: who may reach it, who is at its other end.
    serve.py     the signer: opens key and guard, serves one signing node at a time (trio).
    remote.py    `RemoteKey`, the node's end: asks with a time limit, checks each signature, comes back by itself (trio).
    greet.py     one greeting without trio: what the signer is and what it signed last, for checks before a start.

The conversation, over a Unix socket (mode 0600, in a folder that others cannot write to; both ends check the user at the other)

    node    Hello(version, chain id, whether it wants signatures)
    signer  Welcome(version, chain id, public key, what was signed last, who has the seat when it is taken)
    node    one request, then it waits for its answer, then the next
    signer  Signed(signature), Granted(transaction), Floor(), Last(records) or No(reason)

A request that gets no answer in time ends the connection, so an answer never meets another question. The node asks again over the next
one; the guard returns the remembered signature for the same wish. A frame out of bounds, or one that is no record, ends it too.

What the signer promises does not rest on the node: the guard's record is on disk before a signature is in the socket, so a node that lies,
restarts, or is there twice gets no two signatures for one step. What it cannot know is which block the node was locked on. Therefore one
connection has the seat, the first that asked, until it ends: a newer one is told who sits there and waits, as a listener. (The first and
not the newest: two nodes that believe in the same seat would take it from each other for ever; a process that is gone has given it up
already, for its end of the socket is closed; one that hangs has a process id, which the newer one logs.) When the seat changes hands, the
greeting tells what was signed last, and the newcomer does not sign at that height: it does not know why it was signed.
"""
