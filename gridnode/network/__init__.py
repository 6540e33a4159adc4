"""Peers: which nodes may speak to this one, and how messages reach them.

Concepts
    licence     the network is closed. A node has an Ed25519 key; the keys of the licensed nodes are known, and can be replaced
                while the network runs. Outside of them nobody gets as far as the first message.
    link        one connection to each peer: TCP, private network key, Noise, Yamux, one stream. Whichever side dialed.
    frame       one message on a link: length, kind, body. Payloads are opaque here.
    channel     what a message is about: consensus before sync before transactions when several wait for one peer.
    flood       a signed message that is passed on until every node has it, once each.
    request     one question to one peer, one answer of up to 8 MiB.
    score       what a peer has done wrong lately; at 0 it is banned for a time.

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
    network.connected(), network.peer_stats()               for the node and its operator

What is promised
    order       messages from one peer on one channel arrive in the order they were sent. A flood keeps the order of its author on
                each path; where paths join, a later message may overtake.
    loss        anything may be lost: with a link, or the oldest of a class when a peer does not read. Nothing is doubled by the
                network within a link, and a flood arrives once. Votes and proposals are sent again until answered.
    patience    `send`, `broadcast`, `flood` never wait for a peer. A peer that does not read fills its own queue and loses its link.
    blame       handlers get the key of a message's author, not of who passed it on, and raise PeerFault against that author.
    errors      what libp2p raises in one connection ends that connection. What our own code raises ends the network, and so the node.

Files, bottom up
    config.py       Channel, Endpoint, NetworkConfig, NetworkLimits
    permission.py   licensed keys, and their libp2p peer ids
    buckets.py      token bucket
    queues.py       what waits for one peer, by urgency, bounded
    peers.py        score, bans, allowances, counters of each peer
    frames.py       bytes to frames
    session.py      two layers inside the libp2p stack that bound what a connection may cost
    host.py         the libp2p stack: dial, accept, gate
    links.py        reader, writer and pulse of one link
    mesh.py         which links exist: accept, redial, one per peer
    gossip.py       flooding
    requests.py     questions and answers
    network.py      all of it behind one interface

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
    importing any part imports all of libp2p, 0.5 s and more                     only when a Network is made

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
