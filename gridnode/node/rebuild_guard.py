"""A guard that was lost is begun anew, above everything that it may have forgotten."""

from __future__ import annotations

from pathlib import Path

from gridnode.node.checkup import memory_of, read_key, read_stored
from gridnode.node.config import SIGNING_TYPES, Config, load_config
from gridnode.node.consensus_key import GUARD_FILE, own_keys
from gridnode.node.duty import FLOOR_HEIGHTS
from gridnode.node.findings import Verdict
from gridnode.node.genesis_file import load_genesis
from gridnode.node.memory import judge
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.units import Height
from gridnode.signer.greet import raise_floor
from gridnode.storage.first_guard import forget_mark, guard_above
from gridnode.storage.sign_guard import SignGuard, last_signed
from gridnode.storage.wal import survey


def rebuild_guard(config_path: Path) -> int:
    """Make the guard of a node that does not run refuse everything that it may have signed; returns the height up to which it does.

    The height is that of the newest stored block, or of the log, and two more. Where the chain here is old, the running node raises it
    again when it has caught up. A file that is damaged is kept beside the new one.

    Raises OperatorError when the guard is sound, the node runs, or what is needed for it cannot be read.
    """
    config, folder = load_config(config_path), config_path.resolve().parent
    if config.type not in SIGNING_TYPES or config.validator is None:
        raise OperatorError(f"{config_path}: this node never signs, it has no guard")
    genesis = load_genesis(folder / config.genesis)
    data = folder / config.data_dir
    stored = read_stored(data / "chain", genesis, None)  # fails while the node runs: it holds the database
    newest = max([stored.tip, *(segment.height for segment in survey(data / "wal"))])
    floor = Height(newest + FLOOR_HEIGHTS)
    if config.validator.signer:
        _check_needed(config, folder)
        raise_floor(folder / config.validator.signer, genesis.chain_id, floor)
        return floor
    path = data / GUARD_FILE
    if _is_damaged(path):
        path.rename(path.with_suffix(".damaged"))
    else:
        _check_needed(config, folder)
    refused = SignGuard(path, genesis.chain_id, own_keys(config.validator, folder)).raise_to(floor)
    if refused is not None:
        raise OperatorError(f"{path}: {refused.reason}")
    return floor


def state_guard(config_path: Path, height: int) -> None:
    """Begin the lost guard of a node that does not run on its operator's word that nothing above `height` was signed.

    Raises OperatorError when the guard is not lost, something here shows that more was signed, the node runs, or a signer has the key.
    """
    config, folder = load_config(config_path), config_path.resolve().parent
    if config.type not in SIGNING_TYPES or config.validator is None:
        raise OperatorError(f"{config_path}: this node never signs, it has no guard")
    if config.validator.signer:
        raise OperatorError("the guard is the signer's: start gridnode signer with --signed-up-to")
    genesis, data = load_genesis(folder / config.genesis), folder / config.data_dir
    key, last = read_key(config, folder, genesis)
    stored = read_stored(data / "chain", genesis, key)
    memory = memory_of(config, folder, genesis, stored, key, last)
    shown = max(memory.own_commit, memory.own_logged.height if memory.own_logged else 0)
    if height < shown:
        raise OperatorError(f"--signed-up-to: got {height}, but this machine has signed at height {shown}")
    guard_above(data / GUARD_FILE, genesis.chain_id, own_keys(config.validator, folder), Height(height))
    forget_mark(data)


def _is_damaged(path: Path) -> bool:
    try:
        last_signed(path)
    except OperatorError:
        return True
    return False


def _check_needed(config: Config, folder: Path) -> None:
    """Raises OperatorError when the guard is sound."""
    genesis = load_genesis(folder / config.genesis)
    key, last = read_key(config, folder, genesis)
    full = read_stored(folder / config.data_dir / "chain", genesis, key)
    found = judge(memory_of(config, folder, genesis, full, key, last))[0]
    if found.verdict is not Verdict.REFUSE:
        raise OperatorError(f"guard: {found.what}: it is sound, there is nothing to rebuild")
    if last is not None and (last.chain_id != genesis.chain_id or not last.is_of(key)):
        raise OperatorError(f"{found.line}; it is another's and is not touched")
