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
MAX_RAW_BYTES: Final = 4 * 1024 * 1024  # an answer stops before the block that passes this, unless it is the first

MAX_GOSSIP_BATCHES: Final = 256  # received and not yet checked
MAX_CANDIDATES: Final = 64  # blocks known at one height

# Sync
MAX_SYNC_BLOCKS: Final = 64  # blocks in one answer
MAX_SYNC_BYTES: Final = 4 * 1024 * 1024  # an answer stops after the block that passes this
MAX_SYNC_AHEAD: Final = 256  # blocks fetched but not yet executed
MAX_SYNC_REQUESTS: Final = 4  # requests under way at once
MAX_FETCH_IDS: Final = 10_000  # transactions asked for at once

# State
MAX_STATE_NESTING: Final = 8  # block, transaction, message and room; deeper is a rule that calls itself
MAX_KEY_BYTES: Final = 256  # of a state key that a client asks a proof for; the longest has two names
MAX_TABLE_CACHE_ROWS: Final = 4_096  # decoded values remembered for each table
MAX_CACHED_TREE_ROWS: Final = 524_288  # all tree rows of a million state rows: 100 MB, at most 250; with less state, less
MAX_PROOF_DEPTH: Final = 255  # two different key hashes agree in no more bits
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

# Network
MAX_PEERS: Final = 128  # every validator of the largest set, directly connected
MAX_FRAME_BYTES: Final = 1024 * 1024  # one frame on a link; what is larger travels as the chunks of a response
MAX_GOSSIP_FRAME_BYTES: Final = MAX_GOSSIP_BYTES + 4096  # a full batch and what wraps its transactions
MAX_RESPONSE_BYTES: Final = 8 * 1024 * 1024  # answer to one request: the largest block with its commit and room
MAX_RELAY_HOPS: Final = 8  # diameter of the worst mesh that still works; ends a frame that runs in circles
MAX_SEEN_FLOODS: Final = 32_768  # flooded messages remembered against duplicates: minutes of normal traffic

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
assert MAX_BLOCK_BYTES < MAX_LOGGED_BLOCK_BYTES < MAX_RECORD_BYTES
assert MAX_BOOK_ORDERS * MAX_ORDER_WH <= MAX_AUCTION_WH
assert 2 * MAX_LINES <= MAX_AUCTION_LINES
assert 2 * MAX_LINE_WH <= MAX_AUCTION_NUMBER
