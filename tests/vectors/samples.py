"""One fixed value of each record of the chain: the inputs of our frozen vectors and of the fuzzed decoders."""

from gridnode.chain.block import Block, CompactBlock, EnergySummary, Header, SourceEnergy, header_hash
from gridnode.chain.clearing import ClearingSummary, LineResult, ZoneResult
from gridnode.chain.commit import Commit, commit_hash
from gridnode.chain.evidence import evidence_of, evidence_root
from gridnode.chain.genesis import ChainParams, Genesis, ModuleGenesis, genesis_hash
from gridnode.chain.receipt import Event, Receipt
from gridnode.chain.transaction import Message, TransactionBody, sign_transaction, transaction_id
from gridnode.chain.validators import Validator, ValidatorSet, validator_set, validators_hash
from gridnode.chain.vote import NO_ROUND, Proposal, Vote, VoteKind, proposal_hash, vote_hash
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import key_pair
from gridnode.crypto.merkle import root
from gridnode.primitives.ids import NO_HASH, Hash, Signature
from gridnode.primitives.units import Amount, DurationMs, EnergyWh, Height, Mtu, Power, Round, TimeMs

CHAIN = "gridnode-frozen"
NAMES = ("EGAT", "MEA", "PEA", "ERC")
KEYS = {name: key_pair(bytes([index]) * 32) for index, name in enumerate(NAMES, 1)}
POWERS = {"EGAT": 40, "MEA": 30, "PEA": 20, "ERC": 10}
TIME = TimeMs(1_700_000_000_000)

VALIDATORS = validator_set(
    [
        Validator(
            name, address_of(keys.public_key), keys.public_key, Power(POWERS[name]), address_of(keys.seed)
        )
        for name, keys in KEYS.items()
    ]
)
NEXT_VALIDATORS = ValidatorSet(VALIDATORS.members[:3])
BODY = TransactionBody(
    CHAIN,
    KEYS["EGAT"].public_key,
    TIME,
    7,
    (Message("token.transfer", bytes.fromhex("92c40101c40102")), Message("market.cancel", b"\x90")),
)
RAW = sign_transaction(BODY, KEYS["EGAT"])
EVENT = Event("token.transferred", b"\x93\x01\x02\x03")
RECEIPT = Receipt(transaction_id(RAW), 0, 0, Amount(10**18), (EVENT,))
PARAMS = ChainParams(
    DurationMs(250),
    DurationMs(10_000),
    DurationMs(1_000),
    DurationMs(500),
    DurationMs(250),
    DurationMs(10_000),
    4_194_304,
    10_000,
    50_000,
)
GENESIS = Genesis(CHAIN, TIME, 1, PARAMS, VALIDATORS, (ModuleGenesis("token", b"\x90"),))
CLEARING = ClearingSummary(
    Mtu(7),
    (ZoneResult("CITY", -1, EnergyWh(128), EnergyWh(0)), ZoneResult("NORTH", 2**31, EnergyWh(0), EnergyWh(128))),
    (LineResult("CITY", "NORTH", EnergyWh(200), 0, EnergyWh(128)),),
    2,
    Hash(b"\x0c" * 32),
)
ENERGY = EnergySummary(
    EnergyWh(1),
    EnergyWh(127),
    EnergyWh(128),
    EnergyWh(65_536),
    2**40,
    (SourceEnergy("solar", EnergyWh(127)),),
    (CLEARING,),
)


def signed_commit(height: int, round_: int, block_hash: Hash, names: tuple[str, ...] = NAMES) -> Commit:
    """Commit of a block with the precommits of the validators named, in the set's order."""
    signed = vote_hash(CHAIN, VoteKind.PRECOMMIT, height, round_, block_hash)
    signatures = [
        KEYS[member.name].sign(signed) if member.name in names else Signature(b"")
        for member in VALIDATORS.members
    ]
    return Commit(Height(height), Round(round_), block_hash, tuple(signatures))


COMMIT = signed_commit(1, 2, Hash(b"\x0b" * 32), ("EGAT", "MEA"))
EVIDENCE = evidence_of(
    *(
        Vote(
            VoteKind.PREVOTE,
            Height(1),
            Round(0),
            block_hash,
            address_of(KEYS["ERC"].public_key),
            KEYS["ERC"].sign(vote_hash(CHAIN, VoteKind.PREVOTE, 1, 0, block_hash)),
        )
        for block_hash in (NO_HASH, Hash(b"\x0b" * 32))
    )
)
HEADER = Header(
    CHAIN,
    Height(2),
    TIME,
    genesis_hash(GENESIS),
    commit_hash(COMMIT),
    evidence_root((EVIDENCE,)),
    root([transaction_id(RAW)]),
    root([b"receipt"]),
    Hash(b"\x05" * 32),
    validators_hash(VALIDATORS),
    validators_hash(NEXT_VALIDATORS),
    address_of(KEYS["PEA"].public_key),
    1,
    ENERGY,
)
BLOCK = Block(HEADER, (RAW,), COMMIT, (EVIDENCE,))
COMPACT = CompactBlock(HEADER, (transaction_id(RAW),), COMMIT, (EVIDENCE,))
VOTE = Vote(
    VoteKind.PRECOMMIT,
    Height(2),
    Round(0),
    header_hash(HEADER),
    address_of(KEYS["MEA"].public_key),
    KEYS["MEA"].sign(vote_hash(CHAIN, VoteKind.PRECOMMIT, 2, 0, header_hash(HEADER))),
)
NIL_VOTE = Vote(
    VoteKind.PREVOTE,
    Height(2),
    Round(1),
    NO_HASH,
    address_of(KEYS["MEA"].public_key),
    KEYS["MEA"].sign(vote_hash(CHAIN, VoteKind.PREVOTE, 2, 1, b"")),
)
PROPOSAL = Proposal(
    Height(2),
    Round(0),
    NO_ROUND,
    header_hash(HEADER),
    address_of(KEYS["PEA"].public_key),
    KEYS["PEA"].sign(proposal_hash(CHAIN, 2, 0, -1, header_hash(HEADER))),
)
RECORDS = {
    "block": BLOCK,
    "body": BODY,
    "commit": COMMIT,
    "compact_block": COMPACT,
    "evidence": EVIDENCE,
    "genesis": GENESIS,
    "header": HEADER,
    "nil_vote": NIL_VOTE,
    "proposal": PROPOSAL,
    "receipt": RECEIPT,
    "validators": VALIDATORS,
    "vote": VOTE,
}
"""Every kind of record that is hashed, signed or sent, by name."""

assert type(VALIDATORS) is ValidatorSet
