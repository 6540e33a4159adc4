"""A signer as a process, and a validator of a test network that has its key there."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from tests.integration.testnet.processes import NodeProcess, until


class SignerProcess:
    """`gridnode signer` for the key of one validator; its guard is in the validator's folder, its socket too."""

    def __init__(self, node: NodeProcess, chain_id: str) -> None:
        self.folder: Path = node.plan.folder
        self.socket = self.folder / "signer.sock"
        self.log = self.folder / "signer.log"
        self._chain_id = chain_id
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns when it listens."""
        command = [
            sys.executable, "-m", "gridnode", "signer", "--keystore", str(self.folder / "validator.json"),
            "--password-file", str(self.folder / "validator.password"), "--guard", str(self.folder / "signer"),
            "--socket", str(self.socket), "--chain-id", self._chain_id, "--log-format", "json",
        ]  # fmt: skip
        if not (self.folder / "signer" / "guard").exists():
            command += ["--signed-up-to", "0"]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        until(self._listens, "the signer listens")

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-2000:]
        return self.socket.exists()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        return self._process.wait(20)

    def kill(self) -> None:
        """SIGKILL; its socket's file stays, as that of a process that dies."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def changed_config(node: NodeProcess, **validator: object) -> None:
    """Write other values into the validator section of a node's configuration; None takes a key away."""
    config = msgspec.toml.decode(node.plan.config.read_bytes())
    section = config["validator"] | validator
    config["validator"] = {name: value for name, value in section.items() if value is not None}
    node.plan.config.write_bytes(msgspec.toml.encode(config))


def signed_by(node: NodeProcess, chain_id: str) -> SignerProcess:
    """Take the key out of a node that does not run and give it to a signer, which is not started yet."""
    signer = SignerProcess(node, chain_id)
    changed_config(node, keystore=None, password_file=None, signer=signer.socket.name)
    return signer
