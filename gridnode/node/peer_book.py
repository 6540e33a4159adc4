"""Which node belongs to which validator, and which nodes may be on the network: as the chain says now, and the node's configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from gridnode.modules.validators import queries
from gridnode.modules.validators.lease import LEASES
from gridnode.modules.validators.tables import LICENCES, SEATS
from gridnode.node.ledger_store import LedgerStore
from gridnode.primitives.ids import Address

_ROWS: Final = (LICENCES.prefix, SEATS.prefix, LEASES.prefix)
"""Tables that the book is made of."""


class PeerBook(Mapping[Address, bytes]):
    """Address of a validator with a seat -> key of its node, as far as it is known.

    The machine that a lease names goes before the node key of the licence, and that before the entry of that name in the configuration.
    """

    def __init__(
        self,
        store: LedgerStore,
        configured: Mapping[bytes, str],
        admit: Callable[[Mapping[bytes, str]], None],
        prefer: Callable[[Iterable[bytes]], None],
    ) -> None:
        """`configured` peers (key -> name) are always admitted.

        Whenever they have changed, `admit` is called with all who are admitted, and `prefer` with the nodes of validators.
        """
        self._store = store
        self._configured = dict(configured)
        self._admit = admit
        self._prefer = prefer
        self._admitted: dict[bytes, str] = dict(configured)
        self._nodes: dict[Address, bytes] = {}
        self.refresh()

    @property
    def admitted(self) -> Mapping[bytes, str]:
        """Every node that may be on the network, this one maybe among them: its key, and a name for it."""
        return self._admitted

    def stored(self, writes: Iterable[bytes]) -> None:
        """A block was stored that changes the rows `writes` of the state."""
        if any(key.startswith(_ROWS) for key in writes):
            self.refresh()

    def refresh(self) -> None:
        """Look at the newest state."""
        newest = self._store.newest
        licensed = queries.node_keys(newest)
        machines = queries.machines(newest)
        names = {seat.validator.address: seat.validator.name for seat in queries.seats(newest)}
        by_name = {name: key for key, name in self._configured.items()}
        by_name |= {name: bytes(key) for key, name in licensed.items()}
        by_name |= {name: bytes(key) for name, key in machines.items()}
        nodes = {address: by_name[name] for address, name in names.items() if name in by_name}
        if nodes != self._nodes:
            self._nodes = nodes
            self._prefer(nodes.values())
        admitted = {bytes(key): name for name, key in machines.items()}
        admitted |= {bytes(key): name for key, name in licensed.items()} | self._configured
        if admitted != self._admitted:
            self._admitted = admitted
            self._admit(admitted)

    def __getitem__(self, address: Address) -> bytes:
        """Key of a validator's node. Raises KeyError when it is not known."""
        return self._nodes[address]

    def __iter__(self) -> Iterator[Address]:
        """Validators whose nodes are known."""
        return iter(self._nodes)

    def __len__(self) -> int:
        """How many they are."""
        return len(self._nodes)
