"""The keys that an overlay has touched, in order, so that a scan finds those of its range without sorting them all."""

from __future__ import annotations

from bisect import bisect_left, insort

_BUCKET_BYTES = 2  # module and table number: a scan stays within one table, and so within one bucket
_FEW = 8  # so many keys are inserted one by one; more are appended and sorted


class KeyIndex:
    """An ordered collection of keys that only grows. Each key is added once."""

    def __init__(self) -> None:
        self._buckets: dict[bytes, list[bytes]] = {}
        self._fresh: list[bytes] = []
        self.add = self._fresh.append

    def between(self, start: bytes, stop: bytes) -> list[bytes]:
        """Keys with start <= key < stop, ascending."""
        if self._fresh:
            self._settle()
        low, high = start[:_BUCKET_BYTES], stop[:_BUCKET_BYTES]
        found: list[bytes] = []
        for name in sorted(name for name in self._buckets if low <= name <= high):
            bucket = self._buckets[name]
            found += bucket[bisect_left(bucket, start) : bisect_left(bucket, stop)]
        return found

    def _settle(self) -> None:
        """Move the keys added since the last scan into their buckets."""
        arrived: dict[bytes, list[bytes]] = {}
        for key in self._fresh:
            arrived.setdefault(key[:_BUCKET_BYTES], []).append(key)
        self._fresh.clear()
        for name, keys in arrived.items():
            bucket = self._buckets.setdefault(name, [])
            if len(keys) <= _FEW:
                for key in keys:
                    insort(bucket, key)
            else:
                bucket += keys
                bucket.sort()
