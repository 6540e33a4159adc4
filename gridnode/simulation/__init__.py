"""Simulation: a network of real nodes on a virtual clock, in a bad world, with everything that was promised checked as it happens.

    gridnode simulate --seed 7 --validators 4 --faults all          one seed; it prints what was violated, and the command that does it again
    gridnode simulate --seeds 10000 --jobs 2                        many

Concepts
    kernel.py         the virtual clock: an event heap, and tasks that wait for promises. Integers of ms; no threads, no trio.
    plan.py           what a seed means: powers, liars and their lies, faults and how bad they are, when the world heals.
    links.py          the network: delay, loss, doubling, partitions, seclusion; requests with timeouts.
    disk.py           a disk that keeps what was synced and loses or tears the rest; full disks; rows in place of LevelDB, cursor.py steps through them.
    machine.py        what outlives a node: disk, clock, key. byzantine.py: a machine whose validator lies; lying_summary.py;
                      ambush.py: a liar with a plan, to try whether a lock gives way to an older polka.
    node.py           one life of a node, assembled from the node's own parts; watched.py: its engine, looked at.
    chaos.py          deaths, power cuts, full disks, clocks that jump by an hour; and the way back.
    changes.py        a spare validator comes, bonds, rotates its key and goes; weights grow. jail.py: who misses its turns, and comes back.
    clients.py        who signs and submits; workload.py: transfers. setting.py: the chain, from chain.toml.
    electorate.py     who votes and proposes at each height, for all who judge.
    checkers.py       the promises; speech.py: what is justified by all that was said; second_ledger.py: blocks executed once more;
                      accountability.py: who is to blame for a fork; justice.py: who
                      lied is convicted, once. violation.py: a promise that did not hold.
    run.py            one seed from its plan to its result; trace.py: the trace and its hash; coverage.py: lines of Algorithm 1.
    sharing.py        what is computed once for all nodes, and why that hides nothing.
    campaign.py       many seeds on several cores.

What is real: consensus engine and log format, the performer of its effects, sign guard, log, block store, ledger and every module, pool, outbox,
intake, ingress, block sync and its requester and responder, the records that travel. What is not: clock, network, disk, LevelDB, threads. The
process may be killed at each write, sync, rename, batch, message sent and timeout set; whether the machine goes down with it is drawn.

A run: bad weather until the world heals; then all who are not to stay away are up, and two more heights are asked for within a bounded time. Liars,
the dead and those with a wrong clock are together less than a third of the power; how many are only down for a while is not
bounded. With `--byzantine` beyond that a fork is allowed, and then what honest nodes have heard must convict more than f.

The same seed gives the same trace, byte for byte, on every machine: chance comes from `random.Random` with the seed, order from lists and
dicts, ties in time from the order of asking.
"""
