"""The runtime of a node: the one place that knows all parts, and performs what the pure ones ask for (trio).

Concepts
    config.py        the configuration file, checked key by key.
    genesis_file.py  the genesis file, checked, as the chain's canonical record.
    provision.py     a new node's folder: keys, configuration, genesis.
    assemble.py      builds every part from finished parts; nothing is half-built.
    runtime.py       one nursery: API, network, consensus, sync, gossip; clean shutdown.
    ledger_store.py  the ledger and the database as one: executes blocks, commits each in one synced batch, serves snapshots.
    open_store.py    opens it in a folder; build_time.py, how much of what waits a proposer takes.
    perform.py       performs the effects of the consensus engine in order: persist, sign, send, build, decide; world.py, what surrounds it.
    judging.py       gets and executes the blocks that consensus wants judged; holds back the timeout that would refuse one for taking long.
    consensus_key.py  finds the consensus key, here or in a signer; signing.py, what consensus wishes to be signed, on its way there.
    duty.py          whether this machine signs at a height: lease, guard, alarm; standby.py, takeover.py: when it takes the lease.
    hearing.py       what the other validators say of their heights: what of it is enough, and what may be believed.
    checkup.py       what is examined before a start: findings.py, surroundings.py, memory.py (chain, log and guard against each other).
    rebuild_guard.py begins a lost guard anew; run_signer.py runs the signer's process.
    consensus_loop.py  a running node's world for that: inbox, timers, tasks.
    candidates.py    the blocks proposed for the height at hand, and early ones for the next, made whole.
    fetch.py         what is missing of them, in parts, of several holders at once; side_by_side.py, at once on trio.
    block_sync.py    block sync, turn by turn: status, requests, checking and storing what others have; catch_up.py takes the turns.
    progress.py      what follows when a block was stored, and when nothing is missing.
    intake.py        transactions from clients and peers: form, room, standing, signatures, then pool and gossip.
    verifier.py      signature checks in worker threads.
    ingress.py       what peers send: decoded, checked, handed to the right part; gossip_queue.py, what of it waits.
    receivers.py     to whom ingress hands it, as far as it knows them.
    wire.py          which message travels on which channel and how it is told apart.
    contradictions.py  who has said two things, when the second comes after its height is decided.
    evidence_pool.py  evidence that no block carries yet; peer_book.py, which node is whose validator's and who is admitted.
    begin.py        a node without blocks begins from a snapshot: joining.py finds, proves, fetches; light_walk.py, the header's proof.
    restore.py      makes a database of a snapshot; snapshot_rows.py, a snapshot of a database; snapshot_keeper.py, at an interval.
    pruner.py       how far a node prunes, and when its disk is freed.
    timers.py        timeouts that consensus asked for.
    feed.py          who waits for blocks and transactions is told.
    watch.py        what a node remembers of itself for its operator; skews.py, how far peers' clocks are off; standing.py, both as an answer.
    stacks.py       what it is doing, written to a file on SIGUSR1.
    peer_memory.py   bans and the numbering of floods, over restarts; checked.py, signatures already found valid.
    clock.py, log.py the outside world's time and the node's own record of events; version.py, which gridnode this is.

Order of durability: the engine's entry is in the log, then the guard's record is on disk, then a signature exists, then it is sent. A block is
committed by one synced batch: block, commit, receipts, state, tree, index. Whatever the moment of a crash, the next start finds either all of
it or none, and the log brings back what was said at the height under way. A node that catches up commits blocks in groups, each one synced
batch; it tells nobody of a height, and takes no part in one, before that is on the disk.

Everything that touches the ledger happens under one lock, in consensus or in catch-up, never in both at once.

What decides is separate from what waits: perform, judging, block_sync, progress, candidates, fetch, ingress, intake and ledger_store import no trio. They
await what is handed to them (a lock, an answer, a pause), so the same code runs in a node and, on a virtual clock, in `gridnode.simulation`.
"""
