"""Every row of the checkup's table on the real folder of a crashed validator: verdict, what is wrong, what to do; exit code 2."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gridnode.chain.genesis import genesis_hash
from gridnode.node.checkup import check_up, refusals
from gridnode.node.config import load_config
from gridnode.node.findings import Finding, Verdict
from gridnode.node.genesis_file import load_genesis
from gridnode.node.rebuild_guard import rebuild_guard, state_guard
from gridnode.primitives.errors import OperatorError
from gridnode.storage.first_guard import NEW_KEY_FILE, mark_new
from gridnode.storage.keystore import generate
from gridnode.storage.leveldb import Column, Database
from gridnode.storage.sign_guard import SignGuard, last_signed
from tests.integration.testnet.crashed import Crashed
from tests.integration.testnet.processes import running


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashed]:
    with running(tmp_path_factory.mktemp("net") / "n", validators=2) as net:
        yield Crashed(net)


@pytest.fixture
def config(crashed: Crashed, tmp_path: Path) -> Path:
    """The configuration of a copy of the crashed validator."""
    return crashed.copy(tmp_path / "n")


def data_of(config: Path) -> Path:
    """Its data folder."""
    return config.parent / "data"


def verdict_on(check: str, config: Path) -> Finding:
    """What the checkup says of one thing; nothing else may be refused."""
    findings = check_up(config)
    assert {finding.check for finding in refusals(findings)} <= {check}, findings
    return next(finding for finding in findings if finding.check == check)


def database(config: Path) -> Database:
    """The database of a copy."""
    return Database(data_of(config) / "chain", genesis_hash(load_genesis(config.parent / load_config(config).genesis)))


def log_of(config: Path) -> Path:
    """The one file of the log."""
    [path] = (data_of(config) / "wal").glob("*.log")
    return path


def test_a_crashed_validator_starts(config: Path, crashed: Crashed) -> None:
    """Guard at the height under way, explained by the log."""
    assert not refusals(check_up(config))
    finding = verdict_on("guard", config)
    assert (finding.verdict, f"height {crashed.last.height}, which the log explains" in finding.what) == (Verdict.OK, True)


def _lose_guard(config: Path, _: Crashed) -> None:
    (data_of(config) / "guard").unlink()


def _lose_guard_and_log(config: Path, _: Crashed) -> None:
    (data_of(config) / "guard").unlink()
    shutil.rmtree(data_of(config) / "wal")


def _old_guard(config: Path, crashed: Crashed) -> None:
    (data_of(config) / "guard").write_bytes(crashed.old_guard)


def _other_chain(config: Path, _: Crashed) -> None:
    (data_of(config) / "guard").unlink()
    SignGuard(data_of(config) / "guard", "another", generate()).raise_to(9)


def _other_key(config: Path, crashed: Crashed) -> None:
    (data_of(config) / "guard").unlink()
    SignGuard(data_of(config) / "guard", crashed.last.chain_id, generate()).raise_to(10**6)


def _damage_guard(config: Path, _: Crashed) -> None:
    path = data_of(config) / "guard"
    path.write_bytes(path.read_bytes()[:-1])


def _corrupt_log(config: Path, _: Crashed) -> None:
    path = log_of(config)
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)


def _lose_tip(config: Path, crashed: Crashed) -> None:
    store = database(config)
    batch = store.batch()
    batch.delete(Column.BLOCKS, b"c" + crashed.tip.to_bytes(8, "big"))
    batch.commit()
    store.close()


def _spoil_tree(config: Path, _: Crashed) -> None:
    store = database(config)
    batch = store.batch()
    for key, _value in list(store.view(Column.PAGES).scan(b"", b"\xff" * 64)):
        batch.delete(Column.PAGES, key)
    batch.commit()
    store.close()


def _open_keystore(config: Path, _: Crashed) -> None:
    (config.parent / "validator.json").chmod(0o644)


def _no_node_key(config: Path, _: Crashed) -> None:
    (config.parent / "node.key").unlink()


def _wrong_password(config: Path, _: Crashed) -> None:
    (config.parent / "validator.password").write_text("wrong\n")


def _another_genesis(config: Path, _: Crashed) -> None:
    path = config.parent.parent / "genesis.toml"
    path.write_text(path.read_text().replace("trade_fee_micro = ", "trade_fee_micro = 1"))


REFUSED: dict[str, tuple[Callable[[Path, Crashed], None], str, str, str]] = {
    "guard lost": (_lose_guard, "guard", "it is lost", "--rebuild-guard"),
    "guard and log lost": (_lose_guard_and_log, "guard", "has signed at height", "--rebuild-guard"),
    "guard put back from a backup": (_old_guard, "guard", "it is older than the chain", "--rebuild-guard"),
    "guard of another chain": (_other_chain, "guard", "expected the guard of chain", "own data folder"),
    "guard of another validator": (_other_key, "guard", "it is not that of validator", "own data folder"),
    "guard damaged": (_damage_guard, "key", "the sign guard is damaged", ""),
    "log corrupted": (_corrupt_log, "log", "corrupted at byte", ""),
    "commit of the tip lost": (_lose_tip, "chain", "or its commit is not stored", ""),
    "tree lost": (_spoil_tree, "chain", "is not that of block", ""),
    "keystore open": (_open_keystore, "keystore", "others may read it (mode 0644)", "chmod 600"),
    "node key lost": (_no_node_key, "node key", "No such file", "put it there"),
    "wrong password": (_wrong_password, "key", "password", ""),
    "another genesis": (_another_genesis, "chain", "expected a database of the chain with genesis hash", ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(config: Path, crashed: Crashed, case: str) -> None:
    """Nothing is started with it; the finding says what is wrong and, where it is not in the words, what to do."""
    spoil, check, what, do = REFUSED[case]
    spoil(config, crashed)
    finding = verdict_on(check, config)
    assert finding.verdict is Verdict.REFUSE, finding
    assert what in finding.what
    assert do in finding.do


def _wipe_chain(config: Path, _: Crashed) -> None:
    shutil.rmtree(data_of(config) / "chain")
    shutil.rmtree(data_of(config) / "wal")


def _lose_log(config: Path, _: Crashed) -> None:
    shutil.rmtree(data_of(config) / "wal")


def _old_log(config: Path, crashed: Crashed) -> None:
    shutil.rmtree(data_of(config) / "wal")
    shutil.copytree(crashed.folder / "old-wal", data_of(config) / "wal")


def _tear_log(config: Path, _: Crashed) -> None:
    with log_of(config).open("ab") as file:
        file.write(b"\xc5gnL\x00")


def _log_above(config: Path, _: Crashed) -> None:
    path = log_of(config)
    path.rename(path.with_name(f"{10**6:020d}.log"))


WARNED: dict[str, tuple[Callable[[Path, Crashed], None], str, str]] = {
    "chain wiped, guard kept": (_wipe_chain, "guard", "the chain is behind it"),
    "log lost": (_lose_log, "guard", "the log does not say why"),
    "log of an earlier height": (_old_log, "guard", "the log does not say why"),
    "log torn": (_tear_log, "log", "5 bytes at the end"),
    "log above the chain": (_log_above, "log", "the chain was put back"),
}


@pytest.mark.parametrize("case", WARNED)
def test_warned(config: Path, crashed: Crashed, case: str) -> None:
    """The node starts, and may only listen for a while."""
    spoil, check, what = WARNED[case]
    spoil(config, crashed)
    finding = verdict_on(check, config)
    assert finding.verdict is Verdict.WARNING, finding
    assert what in finding.what


def test_nothing_is_left_or_changed(config: Path) -> None:
    """An empty data folder may be a lost one; with the word of whoever made the key it is a new validator's. A checkup writes nothing."""
    shutil.rmtree(data_of(config))
    data_of(config).mkdir()
    finding = verdict_on("guard", config)
    assert (finding.verdict, "--signed-up-to" in finding.do) == (Verdict.WARNING, True)
    assert list(data_of(config).iterdir()) == []
    mark_new(data_of(config))
    assert verdict_on("guard", config).verdict is Verdict.OK
    assert [path.name for path in data_of(config).iterdir()] == [NEW_KEY_FILE]


def test_a_log_is_read_and_not_cut(config: Path, crashed: Crashed) -> None:
    """The same bytes afterwards."""
    _tear_log(config, crashed)
    before = log_of(config).read_bytes()
    check_up(config)
    assert log_of(config).read_bytes() == before


def test_a_node_that_runs_holds_its_data(config: Path) -> None:
    """Two on one folder would be two on one guard."""
    held = database(config)
    finding = verdict_on("chain", config)
    held.close()
    assert (finding.verdict, "in use by another process" in finding.what) == (Verdict.REFUSE, True)


def test_a_lost_guard_is_rebuilt_above_what_it_may_have_signed(config: Path, crashed: Crashed) -> None:
    """Up to two heights above the newest block it signs nothing; a second time there is nothing to rebuild."""
    _lose_guard(config, crashed)
    assert rebuild_guard(config) == crashed.tip + 3  # the log is of the height above the tip
    last = last_signed(data_of(config) / "guard")
    assert last is not None
    assert (last.is_floor, last.height) == (True, crashed.tip + 3)
    assert verdict_on("guard", config).verdict is Verdict.WARNING
    with pytest.raises(OperatorError, match="it is sound"):
        rebuild_guard(config)


def test_a_damaged_guard_is_kept_beside_the_new_one(config: Path, crashed: Crashed) -> None:
    """Somebody may still read in it."""
    _damage_guard(config, crashed)
    damaged = (data_of(config) / "guard").read_bytes()
    rebuild_guard(config)
    assert (data_of(config) / "guard.damaged").read_bytes() == damaged
    assert not refusals(check_up(config))


def test_a_sound_guard_and_anothers_are_not_touched(config: Path, crashed: Crashed) -> None:
    """There is no way to make a guard forget."""
    before = (data_of(config) / "guard").read_bytes()
    with pytest.raises(OperatorError, match="it is sound"):
        rebuild_guard(config)
    assert (data_of(config) / "guard").read_bytes() == before
    _other_chain(config, crashed)
    with pytest.raises(OperatorError, match="not touched"):
        rebuild_guard(config)


def test_an_operators_word_is_taken_for_a_lost_guard_unless_something_here_shows_more(config: Path, crashed: Crashed) -> None:
    """It may come after a floor. From the height after it the node signs without asking anybody."""
    with pytest.raises(OperatorError, match="remembers by itself"):
        state_guard(config, crashed.tip + 1)
    _lose_guard(config, crashed)
    with pytest.raises(OperatorError, match="got 0, but this machine has signed at height"):
        state_guard(config, 0)
    rebuild_guard(config)
    doctor = [sys.executable, "-m", "gridnode", "doctor", "--config", str(config), "--signed-up-to"]
    both = subprocess.run([*doctor, str(crashed.tip + 1), "--rebuild-guard"], capture_output=True, text=True, check=False)
    assert (both.returncode, "expected one of them" in both.stderr) == (2, True)
    assert subprocess.run([*doctor, str(crashed.tip + 1)], capture_output=True, check=False).returncode == 0
    last = last_signed(data_of(config) / "guard")
    assert last is not None
    assert (last.is_floor, last.height) == (False, crashed.tip + 1)
    assert not refusals(check_up(config))


def test_the_commands(config: Path, crashed: Crashed) -> None:
    """Both end with 2 and a line for each problem; `--json` says the same to programs."""
    _lose_guard(config, crashed)
    doctor = [sys.executable, "-m", "gridnode", "doctor", "--config", str(config)]
    told = subprocess.run(doctor, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "\nrefuse   guard: it is lost" in told.stdout
    rows = json.loads(subprocess.run([*doctor, "--json"], capture_output=True, text=True, check=False).stdout)
    assert (rows["starts"], [row["check"] for row in rows["findings"] if row["verdict"] == "refuse"]) == (False, ["guard"])
    start = [sys.executable, "-m", "gridnode", "start", "--config", str(config)]
    ended = subprocess.run(start, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "gridnode: guard: it is lost" in ended.stderr
    assert "--rebuild-guard" in ended.stderr
    assert subprocess.run([*doctor, "--rebuild-guard"], capture_output=True, check=False).returncode == 0


def test_blocks_are_not_trusted_for_longer_than_evidence_counts(config: Path) -> None:
    """Of a node that may begin from a snapshot; where the setting is of no use, it is not looked at."""
    text = config.read_text()
    for mode, verdict in (("snapshot", Verdict.REFUSE), ("block", None)):
        config.write_text(text + f'\n[sync]\nmode = "{mode}"\ntrusting_period_hours = 87600\n')
        found = [finding for finding in check_up(config) if finding.check == "sync"]
        assert [finding.verdict for finding in found] == ([] if verdict is None else [verdict])
        assert all("sync.trusting_period_hours: expected less than 80000000 ms" in finding.what for finding in found)
    config.write_text(text + '\n[sync]\nmode = "snapshot"\n')
    assert "blocks are trusted for 53333333 ms" in verdict_on("sync", config).what
