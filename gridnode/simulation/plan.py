"""What a seed means: which validators, who lies and how, and what goes wrong in the world until it heals. The same seed, the same plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Final

from gridnode.primitives.errors import OperatorError


class Fault(StrEnum):
    """Something that goes wrong until the world heals."""

    DELAY = "delay"  # messages take long, so they overtake each other
    LOSS = "loss"
    REPEAT = "repeat"  # messages come twice
    PARTITION = "partition"  # links are down, each way by itself, or the nodes are split in two
    SECLUDE = "seclude"  # a message does not reach one receiver for a while, however often it is sent
    CRASH = "crash"  # a process dies between two effects, or within one
    POWER = "power"  # the machine goes down with it, and with it what was not synced
    DISK = "disk"  # a disk is full for a while
    CLOCK = "clock"  # a clock jumps by up to an hour
    SLOW = "slow"  # executing a block takes its time
    DEAD = "dead"  # a node stays away for good, as far as f allows


class Lie(StrEnum):
    """What a Byzantine validator does."""

    EQUIVOCATE = "equivocate"  # tells half of its peers another vote, another block
    WITHHOLD = "withhold"  # sends what it says to some only
    AMNESIA = "amnesia"  # forgets what it is locked on; now and then starts without log and guard
    BAD_BLOCK = "bad block"  # proposes blocks that are not valid
    SPLIT = "split"  # lets one peer alone see a quorum, hides a proposal from one peer alone, and never precommits
    STALE = "stale"  # proposes a block of an earlier round again and claims a polka for it
    USURP = "usurp"  # proposes when it is another's turn
    FAR_ROUNDS = "far rounds"  # votes in rounds that nobody has reached
    FORGE = "forge"  # claims heights that are not, and answers with forged blocks
    SUMMARY = "summary"  # tells untrue summaries, too often
    TWINS = "twins"  # runs two nodes with one key
    AMBUSH = "ambush"  # has one peer lock alone, another block locked after it, and proposes the first again


CLOCK_OFFSET_MS: Final = 800
"""So far at most a right clock is off while clocks go wrong."""
LIES: Final = tuple(lie for lie in Lie if lie is not Lie.AMBUSH)
"""Those that are drawn together; an ambush is a plan of its own."""
AMBUSH_SEEDS: Final = 12
"""One in so many seeds with a liar and secluded messages among the faults is an ambush."""
JAIL_SEEDS: Final = 6
"""One in so many seeds with crashes or loss has a jail, and nobody who is impaired for good."""
AMBUSH_MS: Final = 15_000
"""So long the world goes on as the liar likes: some heights, each of four rounds."""
ALL: Final = tuple(Fault)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asks for."""

    seed: int
    """Draws everything else."""
    validators: int = 4
    """How many."""
    faults: tuple[Fault, ...] = ALL
    """Which may happen; a seed draws some of them."""
    heights: int = 6
    """Every honest node commits at least so many blocks."""
    byzantine: int | None = None
    """How many lie; None draws at most f."""

    @property
    def command(self) -> str:
        """The command that does it again."""
        faults = "all" if self.faults == ALL else ",".join(self.faults) or "none"
        liars = "" if self.byzantine is None else f" --byzantine {self.byzantine}"
        return (
            f"gridnode simulate --seed {self.seed} --validators {self.validators} --faults {faults} "
            f"--heights {self.heights}{liars}"
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a wish comes to."""

    wish: Wish
    """The wish."""
    powers: tuple[int, ...]
    """Power of each validator."""
    liars: dict[int, tuple[Lie, ...]]
    """Who lies, and how."""
    dead: tuple[int, ...] = ()
    """Who stays away once the world has healed."""
    wrong_clocks: tuple[int, ...] = ()
    """Whose clock jumps; some of them stay wrong."""
    heal_ms: int = 0
    """When the world heals."""
    delay_ms: int = 20
    """Longest way of a message in a good world."""
    bad_delay_ms: int = 20
    """Longest way until the world heals."""
    misses_to_jail: int = 0
    """Turns that are missed in a row by who is jailed; 0: nobody is."""
    percent: dict[Fault, int] = field(default_factory=dict)
    """How bad each fault is; what it is a percentage of is said where it is used."""

    def is_few(self, numbers: Sequence[int]) -> bool:
        """Whether these validators have less than 1/3 of the power: no more than the paper's f."""
        return 3 * sum(self.powers[number] for number in numbers) < sum(self.powers)

    @property
    def is_safe(self) -> bool:
        """Whether the liars are few enough for agreement."""
        return self.is_few(tuple(self.liars))


_BADNESS: Final[dict[Fault, tuple[int, ...]]] = {
    Fault.DELAY: (100, 300, 800),
    Fault.LOSS: (10, 30, 60),
    Fault.REPEAT: (10, 40),
    Fault.PARTITION: (20, 40),
    Fault.SECLUDE: (20, 40, 60),
    Fault.CRASH: (3, 10),
    Fault.POWER: (50, 100),
    Fault.DISK: (2, 5),
    Fault.CLOCK: (5,),
    Fault.SLOW: (10, 30),
    Fault.DEAD: (100,),
}
"""How bad a fault may be."""


def parse_faults(text: str) -> tuple[Fault, ...]:
    """Faults from `all`, `none` or names with commas between. Raises OperatorError."""
    if text in ("all", "none"):
        return ALL if text == "all" else ()
    try:
        named = [Fault(name.strip()) for name in text.split(",")]
    except ValueError:
        raise OperatorError(f"--faults: expected all, none, or some of {','.join(ALL)}, got {text}") from None
    return tuple(fault for fault in ALL if fault in named)


def plan_of(wish: Wish) -> Plan:
    """Draw the plan of a wish. Raises OperatorError when more are to lie than there are."""
    random = Random(f"plan {wish.seed} {wish.validators}")
    powers = _powers(random, wish.validators)
    liars = _liars(random, wish, powers)
    percent = {
        fault: random.choice(_BADNESS[fault]) for fault in ALL if random.randrange(2) and fault in wish.faults
    }
    if Fault.POWER in percent:
        percent.setdefault(Fault.CRASH, 3)
    if Fault.CLOCK in percent and wish.byzantine is None and random.randrange(2):
        liars = {}  # else they are nearly always all that may be wrong, and no clock is
    ambush = _is_ambush(wish, liars)
    if ambush:
        liars, percent = dict.fromkeys(liars, (Lie.AMBUSH,)), {}
    plan = Plan(wish, powers, liars)
    honest = [number for number in range(wish.validators) if number not in liars]
    random.shuffle(honest)
    dead, clocks = _impaired(plan, honest, percent, random)
    misses_to_jail = 0 if ambush else _misses_to_jail(wish, percent)
    if misses_to_jail:  # a smaller set tolerates less
        liars, dead, clocks = {}, (), ()
    return Plan(
        wish,
        powers,
        liars,
        dead,
        clocks,
        AMBUSH_MS if ambush else random.choice((1_500, 4_000, 10_000)) if percent or (liars and wish.faults) else 0,
        20,
        percent.get(Fault.DELAY, 20),
        misses_to_jail,
        percent,
    )


def _is_ambush(wish: Wish, liars: dict[int, tuple[Lie, ...]]) -> bool:
    """Whether the one liar lies in ambush, in weather that is otherwise good: a plan of several rounds bears no other."""
    may_be = len(liars) == 1 and wish.byzantine is None and Fault.SECLUDE in wish.faults
    return may_be and not Random(f"ambush {wish.seed}").randrange(AMBUSH_SEEDS)


def _misses_to_jail(wish: Wish, percent: dict[Fault, int]) -> int:
    """After how many turns missed in a row one is jailed: in one of JAIL_SEEDS seeds with crashes or loss, one or two."""
    random = Random(f"jail {wish.seed}")
    is_drawn = wish.byzantine is None and (Fault.CRASH in percent or Fault.LOSS in percent) and not random.randrange(JAIL_SEEDS)
    return random.choice((1, 1, 2)) if is_drawn else 0


def _powers(random: Random, count: int) -> tuple[int, ...]:
    if count == 1 or random.randrange(3):
        return (1,) * count
    return tuple(random.randint(1, 5) for _ in range(count))


def _liars(random: Random, wish: Wish, powers: tuple[int, ...]) -> dict[int, tuple[Lie, ...]]:
    """Who lies; with two or more ways of lying each, unless they are to break the chain: then all are twins."""
    if (wish.byzantine or 0) > wish.validators:
        raise OperatorError(f"--byzantine: expected at most {wish.validators}, got {wish.byzantine}")
    if wish.byzantine is None and not wish.faults:
        return {}
    order = random.sample(range(wish.validators), wish.validators)
    chosen: list[int] = []
    few = Plan(wish, powers, {})
    for number in order:
        if wish.byzantine is None:
            if random.randrange(3) and few.is_few([*chosen, number]):
                chosen.append(number)
        elif len(chosen) < wish.byzantine:
            chosen.append(number)
    if not few.is_few(chosen):
        return dict.fromkeys(sorted(chosen), (Lie.TWINS,))
    return {number: _lies(random) for number in sorted(chosen)}


def _lies(random: Random) -> tuple[Lie, ...]:
    """One to three ways of lying. Who splits polkas also proposes stale blocks: only both together try whether a lock is newer."""
    lies = random.sample(LIES, random.randint(1, 3))
    if Lie.SPLIT in lies and Lie.STALE not in lies:
        lies.append(Lie.STALE)
    return tuple(lies)


def _impaired(
    plan: Plan, honest: list[int], percent: dict[Fault, int], random: Random
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Who stays dead, and whose clock jumps: together with the liars less than 1/3 of the power."""
    dead: list[int] = []
    clocks: list[int] = []
    for number in honest:
        wrong = (*plan.liars, *dead, *clocks, number)
        if not plan.is_few(wrong):
            continue
        if Fault.DEAD in percent and random.randrange(2):
            dead.append(number)
        elif Fault.CLOCK in percent:
            clocks.append(number)
    return tuple(sorted(dead)), tuple(sorted(clocks))
