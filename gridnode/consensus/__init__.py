"""Consensus: the Tendermint algorithm (arXiv:1807.04938, Algorithm 1), whole and pure. Inputs in, effects out; no clock, no disk, no network.

Concepts
    inputs.py       everything that can happen: StartHeight, proposals, votes, blocks known or built, commits, timeouts.
    effects.py      everything asked of the node, in order: persist, sign, obtain or build a block, send again, timeouts, decide.
    engine.py       `Engine`: all heights; messages that come early or late; the log; replay after a crash.
    driver.py       one height: events -> knowledge -> facts -> machine -> effects.
    knowledge.py    what is known of a height: proposals, votes, which blocks are valid.
    votes.py        the vote keeper: thresholds per round, power counted once, bounds on rounds; tally.py one round and kind of it.
    mux.py          the table knowledge -> facts.
    facts.py        what the machine hears (conditions of the algorithm come true) and says.
    machine.py      `apply(state, fact) -> (state, outputs)`: each rule names its lines; the step table is data.
    timeouts.py     how long each timeout lasts: linear in the round, capped. timely.py: which times of blocks are prevoted.
    resend.py       what a node says again of its own; outstanding.py what is left to do after a replay.
    summary.py      what a node has of a height, told to linked peers; exchange.py how it is made, and what to answer.
    report.py       what a height waits for, as facts for operators.
    ahead.py        messages of heights above ours; journal.py the bytes of log entries.

Steps of a height
    START       waits for work (after `block_interval_ms`), for the heartbeat, or for the proposer or f + 1 who have begun
    PROPOSE     waits for the round's proposal and for the verdict on its block
    PREVOTE     has prevoted; waits for a quorum of prevotes
    PRECOMMIT   has precommitted; waits for a quorum of precommits
    DECIDED     the block is final; waits for the next StartHeight, and still collects precommits

The table of the machine (`machine.RULES`); a pair that is not in it does nothing
    line  heard                     listed in
    10    Begin                     START
    18    ValueBuilt                PROPOSE
    22    NewProposal               PROPOSE
    28    OldProposal               PROPOSE
    34    PolkaAny                  PREVOTE
    36    PolkaBlock                PREVOTE PRECOMMIT
    44    PolkaNil                  PREVOTE
    47    PrecommitAny              PROPOSE PREVOTE PRECOMMIT
    49    PrecommitBlock            START PROPOSE PREVOTE PRECOMMIT
    55    Ahead                     START PROPOSE PREVOTE PRECOMMIT
    57    PROPOSE elapsed           PROPOSE
    61    PREVOTE elapsed           PREVOTE
    65    PRECOMMIT elapsed         PROPOSE PREVOTE PRECOMMIT

Interface
    engine = Engine(params, me)           me: own validator address, or None to listen only
    effects = engine.handle(input)                  perform them in order, each ended before the next; then handle what arose meanwhile
    effects = engine.restore(start, entries, guard.last_message())      instead of the first StartHeight after a restart
    commit = engine.commit_of(height)               the answer to a message of a height that is decided; None: look in the block store

    The caller checks signatures (of votes, proposals, commits) and what a block contains; the engine checks who proposes, counts and decides.

    A node's loop for a vote: `[Persist(entry, sync=True), SignVote(...)]`. The log is synced; the guard writes its record and signs; the vote
    is sent and handed back as VoteReceived after the last effect. When the guard refuses, nothing is sent and nothing handed back.
    A block: ObtainBlock or GetValue -> (get or build, execute) -> BlockKnown or BlockBuilt with the block's bytes, which go to the log: a
    block that was voted for outlives the crash of all nodes. After a restart it comes back as RestoreBlock, before any other effect. A
    PROPOSE timeout that elapses while the round's block is here whole and being executed is told after its BlockKnown (decision 0022).
    The end: `[CancelTimeouts, Decide(commit)]`; the node commits the block in one synced batch, begins a new log, and sends StartHeight. A
    node that was behind starts any later height the same way, with `may_sign=False` while it catches up.

Durability: what led to a signature is on disk before the guard is asked, and the guard's record before the signature leaves. So a restart
replays to the same wish, and the guard answers the same wish with the same signature. That costs one log sync and one guard
record per vote; received votes are appended without sync, since they are sent again. A log that was lost takes the locks with it: `restore`
is given what the guard signed last, and a replay that does not lead to it makes the node a listener until the next height. A listener
writes no log, so that the loss is seen again at its next start.

Time of blocks: like `proposer-based timestamps` (Tendermint specification), a block's time is judged once, when it is proposed as new (line 22).
A polka or a commit stands for that judgement, so clocks never split what a quorum has accepted. A time is above the previous block's, and by the
receiver's clock at most MAX_CLOCK_DRIFT_MS ahead and at most MAX_CLOCK_LAG_MS and the longest propose timeout behind. The proposer takes
its clock, or the previous time and 1 ms when that is later. So a proposer whose clock is an hour off, either way, loses its rounds, and the
chain's time is never further off than that from clocks that are right. After an outage of days the next block has the time of the day.

Loss: the network may lose, delay, repeat and reorder anything. The first RESEND timeout of a height repeats a node's own messages to all; each
further one tells linked peers a summary of what it has (TellSummary). A peer answers with what is missing there (Send): the commit when
the teller is a height behind, else proposal and votes; and tells its own summary in return when it lacks something itself, so one exchange makes
two nodes equal. Equivocation is counted for both blocks, as in the paper, and told as Evidence once.

Why this is gossip enough (arXiv:1807.04938, section 2.2, asks that what one correct process has received, all others receive in bounded time after
the network is good): as long as a node has not decided, it tells a summary every RESEND timeout, which does not grow, to every linked peer.
An honest peer p that has a message which matters there (a round of the summary, or p's own round and the one before when they are later) sees
from the summary that it is missing, and sends it. Answers are bounded, but what has arrived stands in the next summary, and votes that
make a quorum go first, so after finitely many exchanges nothing is missing. Along a path of honest nodes this goes on hop by hop. Rounds
that are not told matter to no rule: proposals count in the process's own round (22, 28, 36), prevotes there and in the valid round that its proposal
names (28), precommits there and in the round before (47, 49), anything of later rounds for 55. A quorum of precommits in an older round
was seen by somebody who decided, and is answered with the commit.
Liars: nobody believes a summary. It changes no state and is not logged; one that claims to lack everything costs its peer one bounded answer
each MIN_SUMMARY_GAP_MS, one that claims to lack nothing gets nothing and harms its teller alone, one that claims more than there is gets
a summary back. What a liar sends in answer is checked like any other message. Between honest nodes nothing depends on it.

Why votes are counted outside the machine: thresholds are easy to test by themselves, and the machine stays as short as the paper's page.
"""
