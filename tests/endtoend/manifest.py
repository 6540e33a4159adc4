"""Manifests: what network an end-to-end run starts, what is done to it, and what must be true afterwards. TOML, every key checked.

    name, about          what it is called, and what it shows
    seed                 draws account keys and what the load sends
    blocks               the run ends at this height, once every perturbation is over
    patience_s           how long the run may take in all; a bound against hanging, not a measurement
    [chain]              parameters of the genesis that differ from the testnet's
    [[nodes]]            name, kind (validator, observer), join (start, blocks, snapshot, twin), height, config (tables of its config.toml),
                         of (the validator whose key a twin has)
    [load]               transfers and orders a second, and how many send
    [[perturbations]]    kind, nodes, when (height or second), duration_s, and what the kind needs
    in_turn              whether they wait for each other; those of a second are left out when the height is reached before their turn
    [expect]             validators (names of the set at the end), idle (who need not propose), convicted (who lost its key by evidence)

Whatever cannot be meant is refused with one line that names the key and says what was expected.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from gridnode.primitives.errors import OperatorError
from tests.endtoend.clocks import MAX_JUMP_MS

MAX_NODES = 12
"""A run is on one machine: beyond this the processes wait for each other and nothing is shown."""
MAX_BLOCKS = 100_000
MAX_PERTURBATIONS = 2_000
MAX_RATE = 500
"""Transactions a second of each kind: what the load's one task can sign and send."""

Name = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[A-Z0-9-]+$")]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Kind = Literal["kill", "pause", "restart", "cut", "silence", "partition", "slow", "disk_full", "wipe", "clock", "twin"]


class NodeEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One node."""

    name: Name
    """Its name in the genesis, and its folder's."""
    kind: Literal["validator", "observer"] = "validator"
    """Whether it signs."""
    join: Literal["start", "blocks", "snapshot", "twin"] = "start"
    """With all others, or later with an empty data directory: by block sync, from a snapshot of peers, or in its perturbation `twin`."""
    of: Name | None = None
    """Of a twin: the validator whose consensus key it has, too, and whose guard it has not."""
    height: Annotated[int, Meta(ge=0, le=MAX_BLOCKS)] = 0
    """The chain has this height when a late joiner is started."""
    config: dict[str, dict[str, Any]] = {}
    """Tables of its configuration file, over what the run writes."""


class LoadEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is submitted while the run lasts."""

    transfers: Annotated[int, Meta(ge=0, le=MAX_RATE)] = 0
    """Transfers a second."""
    orders: Annotated[int, Meta(ge=0, le=MAX_RATE)] = 0
    """Order sheets a second."""
    senders: Annotated[int, Meta(ge=1, le=24)] = 4
    """Accounts that send in turn."""


class Perturbation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Something that is done to the network."""

    kind: Kind
    """What."""
    nodes: tuple[Name, ...]
    """To whom; of a partition, those on one side."""
    height: Annotated[int, Meta(ge=1, le=MAX_BLOCKS)] | None = None
    """When the chain has this height ..."""
    second: Seconds | None = None
    """... or so long after all nodes of the start answered."""
    duration_s: Seconds = 3.0
    """Until it is undone."""
    direction: Literal["both", "in", "out"] = "both"
    """Of `silence`: which bytes do not arrive, seen from the nodes."""
    delay_ms: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """Of `slow` and `twin`: how much later everything arrives on the links of the nodes, of a twin also on those of the other machine."""
    jumps_ms: Annotated[tuple[Annotated[int, Meta(ge=-MAX_JUMP_MS, le=MAX_JUMP_MS)], ...], Meta(max_length=8)] = ()
    """Of `clock`: how far the nodes' wall clocks are ahead of the right one, one jump after the other; `duration_s` is of each."""

    @property
    def text(self) -> str:
        """It in a few words."""
        at = f"height {self.height}" if self.height is not None else f"{self.second} s"
        return f"{self.kind} {', '.join(self.nodes)} at {at} for {self.duration_s} s"


class Expectations(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What must be true at the end, beyond what always must."""

    validators: tuple[Name, ...] | None = None
    """Names of the validator set at the end; those of the genesis unless said otherwise."""
    idle: tuple[Name, ...] = ()
    """Validators that need neither propose nor sign: they are down for too much of the run."""
    convicted: tuple[Name, ...] = ()
    """Validators whose key has signed what contradicts itself: one piece of evidence each stands in the chain, and nobody else's."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A whole manifest."""

    name: Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$")]
    """Its name, of folders and reports."""
    about: Annotated[str, Meta(min_length=1)]
    """What it shows, in one sentence."""
    seed: Annotated[int, Meta(ge=0, le=2**31)] = 1
    """Draws account keys and what the load sends."""
    blocks: Annotated[int, Meta(ge=1, le=MAX_BLOCKS)]
    """Height at which the run ends."""
    patience_s: Annotated[int, Meta(ge=10, le=86_400)] = 300
    """How long the run may take in all."""
    chain: dict[str, int] = {}
    """Parameters of the genesis' `chain` table."""
    nodes: Annotated[tuple[NodeEntry, ...], Meta(min_length=1, max_length=MAX_NODES)]
    """Validators and observers, in the order of the genesis."""
    load: LoadEntry = LoadEntry()
    """What is submitted."""
    perturbations: Annotated[tuple[Perturbation, ...], Meta(max_length=MAX_PERTURBATIONS)] = ()
    """What is done."""
    in_turn: bool = False
    """Each perturbation waits until the one before is over. Those of a second that still wait when the height is reached are left out."""
    expect: Expectations = Expectations()
    """What must be true."""

    @property
    def validators(self) -> tuple[str, ...]:
        """Names of the validators of the genesis."""
        return tuple(node.name for node in self.nodes if node.kind == "validator")

    def perturbed(self, kind: Kind) -> tuple[str, ...]:
        """Names of the nodes that something of this kind is done to, each once."""
        return tuple(dict.fromkeys(name for one in self.perturbations if one.kind == kind for name in one.nodes))


def parse_manifest(text: str, source: str) -> Manifest:
    """Manifest of a TOML text; `source` names it in errors. Raises OperatorError: one line with the key and what was expected."""
    try:
        manifest = msgspec.toml.decode(text, type=Manifest)
    except msgspec.MsgspecError as error:
        raise OperatorError(f"{source}: {error}") from None
    for wrong in _wrong(manifest):
        raise OperatorError(f"{source}: {wrong}")
    return manifest


def load_manifest(path: Path) -> Manifest:
    """Manifest of a file. Raises OperatorError when it cannot be read or does not hold."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path}: cannot read the manifest: {error}") from None
    return parse_manifest(text, str(path))


def manifest_text(manifest: Manifest) -> str:
    """TOML of a manifest, so that a drawn one can be run again."""
    return msgspec.toml.encode(msgspec.to_builtins(manifest)).decode()


def _wrong(manifest: Manifest) -> list[str]:
    """What is wrong with a manifest as a whole, the first thing first."""
    names = [node.name for node in manifest.nodes]
    wrong = [f"nodes: expected each name once, got {name} twice" for name in names if names.count(name) > 1]
    at_start = [node for node in manifest.nodes if node.kind == "validator" and node.join == "start"]
    if 3 * len(at_start) <= 2 * len(manifest.validators):
        wrong.append("nodes: expected more than two thirds of the validators to join at the start")
    for node in manifest.nodes:
        if (node.join in ("start", "twin")) != (node.height == 0):
            wrong.append(f"nodes {node.name}: height: expected one of a late joiner, and of nobody else")
        wrong += [f"nodes {node.name}: {text}" for text in _wrong_twin(node, manifest)]
        if node.height >= manifest.blocks:
            wrong.append(f"nodes {node.name}: height: expected one below blocks, {manifest.blocks}")
    for number, perturbation in enumerate(manifest.perturbations, start=1):
        wrong += [f"perturbations {number}: {text}" for text in _wrong_perturbation(perturbation, manifest)]
    listed = (*(manifest.expect.validators or ()), *manifest.expect.idle, *manifest.expect.convicted)
    wrong += [f"expect: {name}: no such node" for name in listed if name not in names]
    return wrong


def _wrong_twin(node: NodeEntry, manifest: Manifest) -> list[str]:
    if node.join != "twin":
        return [] if node.of is None else ["of: expected with join twin alone"]
    wrong = []
    if node.kind != "observer":
        wrong.append("kind: expected observer, since a twin has no seat of its own")
    if node.of not in [other.name for other in manifest.nodes if other.kind == "validator" and other.join == "start"]:
        wrong.append("of: expected a validator that joins at the start")
    if [one.kind for one in manifest.perturbations if node.name in one.nodes] != ["twin"]:
        wrong.append("expected one perturbation with it, of kind twin")
    return wrong


def _wrong_perturbation(one: Perturbation, manifest: Manifest) -> list[str]:
    names = [node.name for node in manifest.nodes]
    wrong = [f"nodes: {name}: no such node" for name in one.nodes if name not in names]
    if not one.nodes or len(set(one.nodes)) != len(one.nodes):
        wrong.append("nodes: expected at least one, each once")
    if (one.height is None) == (one.second is None):
        wrong.append("expected either height or second")
    if one.height is not None and one.height >= manifest.blocks:
        wrong.append(f"height: expected one below blocks, {manifest.blocks}, got {one.height}")
    if one.kind == "partition" and len(one.nodes) == len(names):
        wrong.append("nodes: expected those of one side of the partition, got all")
    for key, kinds in _KEYS_OF_KINDS.items():
        if one.kind not in kinds and getattr(one, key) != getattr(_PLAIN, key):
            wrong.append(f"{key}: expected with kind {' or '.join(kinds)} alone, got kind {one.kind}")
        if one.kind in kinds and key != "direction" and not getattr(one, key):
            wrong.append(f"{key}: missing with kind {one.kind}")
    twins = [node.name for node in manifest.nodes if node.join == "twin"]
    if one.kind == "twin" and not set(one.nodes) <= set(twins):
        wrong.append("nodes: expected those with join twin")
    return wrong


_PLAIN = Perturbation(kind="kill", nodes=())
_KEYS_OF_KINDS: dict[str, tuple[Kind, ...]] = {
    "direction": ("silence",),
    "delay_ms": ("slow", "twin"),
    "jumps_ms": ("clock",),
}
