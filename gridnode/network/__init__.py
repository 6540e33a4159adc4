"""Peers: which nodes may speak to this one, and how messages reach them.

Concepts
    licence     the network is closed. A node has an Ed25519 key; the keys of the licensed nodes are known, and can be replaced
                while the network runs. Outside of them nobody gets as far as the first message.
    link        one connection to each peer: TCP, private network key, Noise, Yamux, one stream. Whichever side dialed.
    frame       one message on a link: length, kind, body. Payloads are opaque here.
    channel     what a message is about: consensus before sync before transactions when several wait for one peer.
    flood       a signed message that is passed on until every node has it, once each.
    request     one question to one peer, one answer of up to 8 MiB.
    score       what a peer has done wrong lately; at 0 it is banned for a time. What each fault weighs: primitives/offences.py.
    allowance   what a peer may make this node do in a time, whatever link it does it over.
    preferred   the validators' nodes: they always find a place, and no other peer's load holds them up.

Interface
    network = Network(NetworkConfig(...), Handlers(...), clock_ms)
    port = await nursery.start(network.run)                 until cancelled; OperatorError when it cannot listen
    network.send(peer_key, channel, payload) -> bool        one linked peer; False when it is not linked; never waits
    network.broadcast(channel, payload)                     every linked peer, no further
    network.flood(channel, payload)                         every node, linked or not; the author is authenticated
    network.publish(payload)                                flood of a batch of transactions
    await network.request(peer_key, kind, payload, timeout_ms) -> bytes       PeerUnavailable, PeerFault
    network.report(peer_key, fault)                         the node found a message wrong: score, ban
    network.admit({key: name})                              licences have changed
    network.prefer(keys)                                    whose nodes the validators' are
    network.sentences(), network.serve(sentences)           bans, for a node that restarts
    network.connected(), network.peer_stats(), network.door_stats()     for the node and its operator

What is promised
    order       messages from one peer on one channel arrive in the order they were sent. A flood keeps the order of its author on
                each path; where paths join, a later message may overtake.
    loss        anything may be lost: with a link, or the oldest of a class when a peer does not read. Nothing is doubled by the
                network within a link, and a flood arrives once. Votes and proposals are sent again until answered.
    patience    `send`, `broadcast`, `flood` never wait for a peer. A peer that does not read fills its own queue and loses its link.
    load        an honest peer is never banned for being busy, slow or behind. What it sends too much of waits with it.
    blame       handlers get the key of a message's author, not of who passed it on, and raise PeerFault against that author.
    errors      what libp2p raises in one connection ends that connection. What our own code raises ends the network, and so the node.

Files, bottom up
    config.py       Channel, Endpoint, NetworkConfig, NetworkLimits
    permission.py   licensed keys, and their libp2p peer ids
    buckets.py      token bucket
    allowance.py    what one peer may make this node do, what all clients may together, and how long too much is borne
    queues.py       what waits for one peer, by urgency, bounded
    peers.py        score, bans, allowances, counters of each peer
    frames.py       bytes to frames
    session.py      layers inside the libp2p stack that bound what a connection may cost
    door.py         inbound connections that have not yet shown a licence, and the addresses that pay for them
    lean.py         what of py-libp2p is not imported
    host.py         the libp2p stack: dial, accept, gate
    links.py        reader, writer and pulse of one link
    mesh.py         which links exist: accept, redial, one per peer
    gossip.py       flooding
    requests.py     questions and answers
    network.py      all of it behind one interface

Who pays for what
    The rule is that whoever causes a cost bears it: an address for its strangers, a key for its connections, an author for its floods.
    attack                                              what bounds it                                      what it costs the attacker
    connect and say nothing, or leave                   64 places, 10 s; 10/s an address, 200/s in all      its own places first, then its address
    noise, another network's key                        ends at the first wrong byte                        the same
    handshake broken off, key without licence           the same; a place says what was proven              the same
    licensed, connects again and again                  30 links at once, one a second                      refused; noise
    banned, connects again and again                    as strangers                                        its address
    Yamux: no frame, window, streams, stray data        session.py reads each header before Yamux           ban
    Yamux pings, tiny packets, single bytes             8,000 packets, 4,000 reads a second                 waits
    no frame, wrong length, kind, layout                frames.py                                           ban
    valid frames at full speed                          2,000 a second and 16 MiB; clients together         waits; after 10 s of it a ban
                                                        4,000 and 32 MiB
    too much of one channel                             500 of consensus, 500 heights, 1,000 batches        dropped unread
    floods: forged                                      signature before anything is counted                ban
    floods: replayed, in circles, too many              2,048 remembered for each author, 4 MiB/s           noise for each copy; dropped
    floods by way of others after a ban                 a banned author is not heard                        -
    questions without end, answers unread               8 open, 2 answers made, 200/s, 16 MiB/s             refused, waits; its link
    answers that nobody asked for                       what is late of what was asked; 16 MiB a start      wrong, soon a ban
    does not read, or a byte at a time                  8 MiB a class, 10 s                                 its link
    drips bytes, answers no probe                       40 s                                                its link
    takes all links                                     a validator gets a client's place                   its link
    junk votes, proposals, transactions                 checked once; node/ingress.py, node/gossip_queue.py wrong or ban; waits for itself
    lies about heights                                  sync/requester.py                                   doubted
    A million addresses can still keep an unlinked node waiting at the door, as they can fill its line; links that exist are not touched.

Why not py-libp2p's Swarm and BasicHost
    The stack is assembled from libp2p's parts and speaks its wire format: a foreign libp2p host with psk and licence gets through
    to our stream (tests/integration/network/test_foreign.py). Swarm 0.8.1 itself does not fit a node that must not die or stall:
    it runs every connection in trio system tasks or its own service manager, where an error of one ends all or vanishes; its gate
    knows IP addresses, not keys, and lets a peer open streams before anyone can look at its key; a peer that failed once is not
    dialed for 60 s; it auto-dials and prunes on its own; it holds up to three connections per peer and spreads streams over them,
    which loses the order; closing takes 0.2 s per connection; the listener shares its port silently (SO_REUSEPORT).

Traps of py-libp2p 0.8.1, and what is done
    Yamux answers every read with a window update of its own, a packet each      session.py reads below it, one update per 512 KiB
    Yamux doubles its windows up to 16 MiB from the first few bytes on           session.py grants 1 MiB and no more
    Yamux only warns when a peer ignores its window, has no bound of streams     session.py cuts the connection
    Yamux gives up on a full window after 5 s                                    the link is lost, the queue waits for the next
    a Noise packet is read in two system calls, and in at most 100 pieces        session.py reads ahead
    `get_remote_public_key` of a Noise session is the session's X25519 key       the key is taken out of the peer id
    a wrong psk shows as garbage, or as silence until a timeout                  handshakes have a time and a number
    `libp2p` warns on stderr about each lost connection                          host.py silences its loggers
    importing any part imports all of libp2p, a second and a thousand modules    lean.py, and only when a Network is made

Why flooding and not GossipSub
    Measured with four nodes in one process, full mesh (bench/network.py; GossipSub with degree 3, all spam limits raised):

                                    200 bytes, 100/s        64 KB, 50/s         CPU per message and node
        GossipSub                         2,050 us             3,900 us         with its defaults 45 % of the messages were lost
        flood                               285 us               700 us
        broadcast, no relay                 270 us               600 us

    At 400 messages a second a flood costs 200 us per node, because frames that wait share packets. In a full mesh it sends
    nothing twice and checks no signature, in a sparse one it relays (gossip.py says how, and why that survives dishonest relays).
    A round trip of 200 bytes takes 0.4 ms, a small message in a stream of them 7 us, a response of 5 MiB 50 ms.
"""
