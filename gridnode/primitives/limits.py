"""Every bound of the system, in one place, with the reason for each. Sizes in bytes unless the name says otherwise."""

from __future__ import annotations

from typing import Final

# Records
MAX_RECORD_BYTES: Final = 16 * 1024 * 1024  # nothing larger is ever decoded
MAX_DEPTH: Final = 16  # nesting of arrays in any record
MAX_NAME_CHARS: Final = 64  # zones, meters, connection points, chain ids
MAX_TEXT_CHARS: Final = 512  # free text a person wrote

# Transactions
MAX_TRANSACTION_BYTES: Final = 64 * 1024  # one gossip message holds at least one transaction
MAX_MESSAGES: Final = 256  # messages under one signature
MAX_TRANSACTION_WORK: Final = 1_500  # messages, orders of sheets counted; a sheet of 96 with all its preferences is 1,200
MAX_VALIDITY_MS: Final = 600_000  # how far ahead of chain time a transaction may expire
DEFAULT_VALIDITY_MS: Final = 120_000  # what clients use
MAX_EVENTS_PER_TRANSACTION: Final = 4_096  # receipts stay bounded

# Blocks
MAX_BLOCK_BYTES: Final = 4 * 1024 * 1024  # sum of transaction bytes in a block
SLICE_MESSAGES: Final = 64  # messages executed before the node's loop gets its turn: a few ms
MAX_BLOCK_TRANSACTIONS: Final = 10_000  # ids in a proposal stay under one frame
MAX_VALIDATORS: Final = 128  # signatures in a commit
MAX_WEIGHT: Final = 2**20  # of an authority: with all its scaling, the power of a set stays a number of 42 bits
MAX_UNBONDINGS: Final = 16  # amounts of one validator on their way home: what evidence has to look through
MAX_BLOCK_EVIDENCE: Final = 16  # pieces in a block: 32 signatures to check
MAX_REPORTED_EVIDENCE: Final = 128  # pieces in one request: everybody of the largest set
MAX_EVIDENCE_POOL: Final = 128  # pieces that wait: one a key, so all of the largest set

# Mempool
MAX_POOL_TRANSACTIONS: Final = 20_000
MAX_POOL_BYTES: Final = 64 * 1024 * 1024
MAX_POOL_PER_SENDER: Final = 2_000  # one sender cannot fill the pool

MAX_GOSSIP_BYTES: Final = 64 * 1024  # transactions in one gossip message, unless a single one is larger
MAX_GOSSIP_TRANSACTIONS: Final = 512
MAX_OUTBOX_BYTES: Final = 16 * 1024 * 1024  # beyond it, peers fetch by id

# API
MAX_SUBMIT_BATCH: Final = 1_000  # transactions in one request
MAX_RANGE_MTUS: Final = 366 * 96  # between the ends of a range of prices: a year; more is a time in the wrong unit
MAX_ASKED_MTU: Final = 2**62  # of a question: times of later ones leave 64 bits
MAX_SHARED_TRADES: Final = 1_000  # newest trades that an answer adds up by zone and source: a few ms
MAX_REMEMBERED: Final = 8  # parts of answers that are dear, of one height: books of 100,000 levels at worst
MAX_COUNTED_ROWS: Final = 100_000  # rows that an answer counts one by one
MAX_RAW_BLOCKS: Final = 64  # blocks in one answer to an auditor
MAX_DIGESTED_ROWS: Final = 16_384  # rows of the state that one answer digests: some 50 ms of a worker thread
MAX_RAW_ROWS: Final = 4_096  # rows of the state in one answer; a run of rows is longer once in 9 million
MAX_RAW_BYTES: Final = 4 * 1024 * 1024  # an answer stops before the block that passes this, unless it is the first

MAX_GOSSIP_BATCHES: Final = 256  # received and not yet checked
MAX_TOLD_BLOCKS: Final = 2  # blocks that are known of what one validator proposes
MAX_WHOLE_BLOCKS: Final = 8  # blocks kept whole besides those that consensus may still need

# Sync
MAX_SYNC_BLOCKS: Final = 64  # blocks in one answer
MAX_SYNC_BYTES: Final = 4 * 1024 * 1024  # an answer stops after the block that passes this
MAX_SYNC_AHEAD: Final = 256  # blocks fetched but not yet executed
MAX_SYNC_REQUESTS: Final = 4  # requests under way at once
MAX_GROUP_BLOCKS: Final = 64  # blocks of a node that catches up written at once: what one that dies then fetches again
MAX_GROUP_BYTES: Final = 1024 * 1024  # of their rows, beside the block that passes it: each block is sorted in among them
MAX_FETCH_IDS: Final = 1_024  # transactions of a proposed block asked for at once: one part
MAX_FETCH_BYTES: Final = 512 * 1024  # one part; an answer leaves out what passes this
MAX_HOLDERS_ASKED: Final = 4  # for parts of one block at the same time
MAX_PARTS_PER_HOLDER: Final = 3  # under way at once: the next one is asked for while one travels
MAX_PARTIAL_BLOCKS: Final = 4  # blocks of which parts are kept until the next attempt

# Snapshots
SNAPSHOT_CHUNK_BYTES: Final = 1024 * 1024  # what one bad peer can waste, and what a node that died asks for again
MAX_SNAPSHOT_CHUNKS: Final = 65_536  # 64 GiB of rows; the manifest that names them stays under an answer
MAX_SNAPSHOTS: Final = 8  # kept by a node, and in one answer: each is as large as the state
MAX_SNAPSHOT_REQUESTS: Final = 8  # chunks under way at once: as many MiB in memory
MAX_PEER_CHUNKS: Final = 2  # of them from one peer, which has other things to do
RESTORE_BATCH_BYTES: Final = 64 * 1024 * 1024  # rows held before they are written: a few of the longest, and many of the usual
MAX_PAST_BLOCKS: Final = 65_536  # before a snapshot, 200 bytes of each held until the last header proves them: 600 s of one each 10 ms
MAX_PRUNE_ROWS: Final = 256  # transactions removed in one step: a few ms

# Light client
MAX_LIGHT_BLOCKS: Final = 32  # light blocks in one answer
MAX_LIGHT_BLOCK_BYTES: Final = 1024 * 1024  # header with the largest auctions, commit and set of 128; a test builds it
MAX_LIGHT_BYTES: Final = 4 * 1024 * 1024  # an answer stops before the block that passes this, unless it is the first
MAX_LIGHT_STEPS: Final = 1_000  # headers verified on the way to one; more only when the whole set changes at every height
MAX_LIGHT_DESCENT: Final = 10_000  # headers below a trusted one that are followed by hash
MAX_TRUSTED_BLOCKS: Final = 1_000  # that a light client keeps: a day of one each 90 s

# State
MAX_STATE_NESTING: Final = 8  # block, transaction, message and room; deeper is a rule that calls itself
MAX_KEY_BYTES: Final = 256  # of a state key that a client asks a proof for; the longest has two names
MAX_TABLE_CACHE_ROWS: Final = 4_096  # decoded values remembered for each table
MAX_REMEMBERED_HASHES: Final = 256  # of headers and of commits by value; a header with all clearings has 60 KB
MAX_REMEMBERED_SETS: Final = 16  # of validators, by value: a node speaks of the set at hand, the one before and the one after
MAX_CACHED_TREE_ROWS: Final = 524_288  # all tree rows of a million state rows: 100 MB, at most 250; with less state, less
MAX_PROOF_DEPTH: Final = 255  # two different key hashes agree in no more bits
MAX_UNDO_BLOCKS: Final = 4  # newest blocks that a stopped node can be taken back
MAX_UNDO_BYTES: Final = 64 * 1024 * 1024  # of the rows as they were before those blocks; the largest block changes some 20 MB
MAX_UNDO_PART_BYTES: Final = 1024 * 1024  # of them in one row, before the pair that passes it; far below MAX_RECORD_BYTES
MAX_CACHED_BLOCKS: Final = 64  # newest blocks kept at hand: what lagging peers and the API ask for
MAX_CACHED_BLOCK_BYTES: Final = 32 * 1024 * 1024  # of transactions in them, however large blocks are

# Market
MAX_SHEET_ORDERS: Final = 96  # a day of quarter hours under one message
MAX_PREFERENCES: Final = 4  # counterparties that an order tries before others
MAX_PARTNER_ORDERS: Final = 64  # open orders of a preferred partner for an MTU that are looked at
MAX_BOOK_ORDERS: Final = 100_000  # open orders of one MTU: its auction reads them all in one block
MAX_OPEN_ORDERS: Final = 2_000  # open orders of one account: ten for each MTU of two days; cancelled in one message
MAX_AUCTION_ROWS: Final = 512  # orders of an auction in one event: it stays under the largest event
MAX_CLEARINGS: Final = 4  # call auctions held in one block
MAX_EXPLAINED_TRADES: Final = 100  # of one order, in its explanation
MAX_ZONES: Final = 64
MAX_LINES: Final = 64
MAX_SOURCES: Final = 16  # bits of a source mask
MAX_ORDER_WH: Final = 10_000_000  # 10,000 kWh
MAX_PRICE_MICRO: Final = 1_000_000_000  # 1,000 THB/kWh either sign
MAX_ENERGY_WH: Final = 2**40  # one reading of one meter; far above any plant, far below int64
MAX_PURPOSE_CHARS: Final = 128  # what a lot was retired for: it stands in each lot's row
MAX_LOT_PARTS: Final = 64  # inputs or outputs of one transfer of lots: a message's work stays that of a small sheet
MAX_POINT_LOTS: Final = 64  # lots of one connection point and MTU held until settlement; its row stays small
MAX_POINT_METERS: Final = 64  # meters of one connection point that settlement estimates
MAX_SETTLE_STEPS: Final = 10_000  # trades and points that a block's hook may be allowed to settle
MAX_MATCH_STEPS: Final = 1_000_000  # fills and orders that a block's hook may be allowed to match
MAX_AUCTION_NUMBER: Final = 10**15  # energy, capacity, price and wheeling in a call auction: sums of them stay in 63 bits
MAX_AUCTION_WH: Final = 2**60  # of all orders of one call auction together, for the same reason
MAX_AUCTION_LINES: Final = 1_024  # directions of lines in a call auction: a full mesh of 32 zones
MAX_ARREARS_PER_INCOME: Final = 16  # creditors paid out of one payment received; the rest waits for the next one

# Carbon
MAX_CREDIT_NANO: Final = 10**18  # of one order: a million tonnes
MAX_CARBON_OPEN: Final = 256  # open orders of one account that may be allowed: each new one is compared with them
MAX_CARBON_STEPS: Final = 64  # orders that one message may be allowed to trade with; they fit into one event

# Genesis and grid
MAX_GENESIS_ENTRIES: Final = 4_096  # entries of one list of a module's opening state; the rest is registered on chain
MAX_FEES: Final = 64  # entries of the fee schedule, one for each module
MAX_PATH_LINES: Final = 8  # lines between two zones; the matching kernel's bound
MAX_GRID_NODES: Final = 128  # zones and hubs
MAX_LINE_WH: Final = 10**12  # capacity of a line in an MTU; 4 GW for a quarter hour
MAX_BANDS: Final = 8  # of a tariff
MAX_BAND_SLOTS: Final = 64  # entries of its schedule: all are looked at for a quarter hour in none
MAX_CHARGE_MICRO: Final = 100_000_000  # 100 THB/kWh: one price or charge of a tariff; what they add up to stays a price
MAX_PEAK_PPM: Final = 4_000_000  # peak hours cost at most four times as much
MAX_FUTURE_TARIFFS: Final = 16  # tariffs that wait to come into force
MAX_HOLIDAYS: Final = 64  # in genesis, and ahead: three years of a country with many
MAX_NOTICE_MTUS: Final = 100_000  # before a change of the tariff; nearly three years of quarter hours
MTUS_PER_DAY: Final = 96  # a market time unit is nominally a quarter hour, however long it takes on a test chain

# Numbers
MAX_AMOUNT: Final = 2**128 - 1
MAX_U32: Final = 2**32 - 1
MAX_U64: Final = 2**64 - 1
MAX_I64: Final = 2**63 - 1

# Consensus
MAX_ROUND: Final = 100_000  # a round number beyond this is a lie
MAX_CLOCK_DRIFT_MS: Final = 5_000  # a block from further in the future than this is voted nil
MAX_CLOCK_LAG_MS: Final = 30_000  # a block older than this and the longest propose timeout is voted nil, too
MAX_FUTURE_ROUNDS: Final = 4  # rounds ahead of ours in which one validator's messages are kept; its latest ones
MAX_KEPT_ROUNDS: Final = 256  # rounds of one height whose votes are kept; more only after an outage of hours
MAX_AHEAD_MESSAGES: Final = 12  # messages of one validator for the next height that wait until we are there
MAX_ANSWERED_VOTES: Final = 256  # votes in the answer to one summary: both steps of a round of the largest set
MAX_ANSWERED_PROPOSALS: Final = 2  # proposals in it: that of the peer's round and of ours
MAX_SUMMARY_ROUNDS: Final = 8  # rounds in a summary: at most four that matter, and the highest later ones
MAX_SUMMARY_BLOCKS: Final = 4  # blocks told apart in a summary's votes of a step: nil, the proposal, what a liar proposed besides
MIN_SUMMARY_GAP_MS: Final = 250  # summaries of one peer that come faster are not answered; an honest one tells two a second
MAX_LOGGED_BLOCK_BYTES: Final = 8 * 1024 * 1024  # the largest block with its commit, encoded in the consensus log

# Keys
MAX_SIGNER_FRAME_BYTES: Final = 4_096  # one record between node and signer: a transaction of one small message is the largest
MAX_SIGNER_CONNECTIONS: Final = 8  # to one signer: a node, its standby, a doctor, and some that are about to be refused
TAKEOVER_COMMITS: Final = 3  # in a row without a validator before its standby takes the lease: it may be late once or twice
MAX_WISHES: Final = 64  # signatures of one height that wait for a signer that is away; the oldest rounds are given up first

# Network
MAX_PEERS: Final = 128  # every validator of the largest set, directly connected
MAX_FRAME_BYTES: Final = 1024 * 1024  # one frame on a link; what is larger travels as the chunks of a response
MAX_GOSSIP_FRAME_BYTES: Final = MAX_GOSSIP_BYTES + 4096  # a full batch and what wraps its transactions
MAX_RESPONSE_BYTES: Final = 8 * 1024 * 1024  # answer to one request: the largest block with its commit and room
MAX_HEADER_BYTES: Final = 256 * 1024  # with four auctions of the largest grid; a test builds it
MAX_RELAY_HOPS: Final = 8  # diameter of the worst mesh that still works; ends a frame that runs in circles
MAX_SEEN_FLOODS: Final = 2_048  # newest floods of one author remembered against repetition; whoever floods fast forgets its own
MAX_KNOWN_ADDRESSES: Final = 4_096  # addresses of strangers whose failed connections are counted
MAX_WAITING_CONNECTIONS: Final = 256  # connections that the system accepts before the node does
MAX_REMEMBERED_BANS: Final = 512  # of licensed peers, over restarts; four times the most peers
MAX_BAN_REASON_CHARS: Final = 200  # of what a ban is remembered for

# What waits between network and node
MAX_INBOX_PER_AUTHOR: Final = 1_024  # inputs of consensus from one node that wait; a repetition of the largest set is 260
MAX_CHECKED_SIGNATURES: Final = 8_192  # signed messages of consensus found valid: both steps of 32 rounds of the largest set
PAST_HEIGHTS: Final = 8  # decided heights of which it is remembered who said what: what is said again comes within seconds
MAX_SAID: Final = 32  # messages of one validator remembered of one height, those of its first ten rounds
MAX_LATE_LOOKS: Final = 16  # stored commits that late messages of one peer are compared with, for each new block
MAX_GOSSIP_PER_AUTHOR: Final = 64  # batches of one author received and not yet checked
GOSSIPED_PER_S: Final = 2_000  # transactions of one author checked in a second, three times the busiest testnet; more waits
GOSSIP_BURST: Final = 20_000  # what it may bring at once: a full pool

assert MAX_TRANSACTION_BYTES <= MAX_BLOCK_BYTES <= MAX_RECORD_BYTES
assert MAX_POOL_PER_SENDER <= MAX_POOL_TRANSACTIONS
assert MAX_BLOCK_TRANSACTIONS <= MAX_POOL_TRANSACTIONS
assert DEFAULT_VALIDITY_MS <= MAX_VALIDITY_MS
assert MAX_ORDER_WH * MAX_PRICE_MICRO <= MAX_I64
assert (MAX_PATH_LINES + 1) * MAX_CHARGE_MICRO <= MAX_PRICE_MICRO  # the lines of a way and the delivery
assert 2 * (MAX_CHARGE_MICRO * MAX_PEAK_PPM // 1_000_000 + MAX_CHARGE_MICRO) <= MAX_PRICE_MICRO  # all-in retail at most
assert MAX_VALIDATORS <= MAX_PEERS
assert MAX_TRANSACTION_BYTES < MAX_GOSSIP_FRAME_BYTES < MAX_FRAME_BYTES
assert MAX_BLOCK_BYTES < MAX_RESPONSE_BYTES
assert SNAPSHOT_CHUNK_BYTES < MAX_RESPONSE_BYTES
assert MAX_SNAPSHOT_CHUNKS * 34 + 1024 < MAX_SYNC_BYTES  # a manifest: 34 bytes for each hash
assert MAX_TRANSACTION_BYTES <= MAX_FETCH_BYTES  # so every answer of who has it brings something
assert MAX_FETCH_IDS <= MAX_BLOCK_TRANSACTIONS
# A proposal is one frame: header, ids, last commit, each with what wraps it. So a block that fits its own bounds can be proposed.
assert MAX_HEADER_BYTES + 34 * MAX_BLOCK_TRANSACTIONS + 66 * MAX_VALIDATORS + 4_096 < MAX_FRAME_BYTES
assert MAX_LIGHT_BLOCK_BYTES < MAX_LIGHT_BYTES < MAX_RESPONSE_BYTES
assert 2 * MAX_VALIDATORS + MAX_ANSWERED_VOTES <= MAX_INBOX_PER_AUTHOR
assert MAX_GOSSIP_PER_AUTHOR < MAX_GOSSIP_BATCHES
assert MAX_GOSSIP_TRANSACTIONS <= GOSSIP_BURST
assert MAX_BLOCK_BYTES < MAX_LOGGED_BLOCK_BYTES < MAX_RECORD_BYTES
assert MAX_BOOK_ORDERS * MAX_ORDER_WH <= MAX_AUCTION_WH
assert 2 * MAX_LINES <= MAX_AUCTION_LINES
assert 2 * MAX_LINE_WH <= MAX_AUCTION_NUMBER
