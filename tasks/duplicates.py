"""Which problems and source ids came before, in little memory."""

import hashlib
import unicodedata

import numpy as np

from tasks.problems import RejectedRowError

MAX_FRESH = 4096


class Seen:
    """Which problems and source ids came before; 16 bytes a problem."""

    def __init__(self) -> None:
        self._keys = np.empty(0, dtype=np.uint64)
        self._fresh: set[int] = set()

    def add_problem(self, problem_id: str, source: str, source_id: str | None) -> None:
        """Remember a problem and its source id.

        Raises:
            RejectedRowError: the problem, or another problem under the same id, was there before.
        """
        names = [problem_id]
        if source_id is not None:
            names.append(f"{source}\0{unicodedata.normalize('NFC', source_id)}")
        keys = [_hash(name) for name in names]
        if keys[0] in self:
            raise RejectedRowError("duplicate", "the same image and question came before")
        if keys[-1] in self:
            detail = f"the id {source_id!r:.100} came before with another image or question"
            raise RejectedRowError("duplicate_id", detail)
        self._fresh.update(keys)
        if len(self._fresh) >= MAX_FRESH:
            self._merge()

    def __contains__(self, key: int) -> bool:
        place = int(self._keys.searchsorted(np.uint64(key)))
        return key in self._fresh or (place < len(self._keys) and int(self._keys[place]) == key)

    def _merge(self) -> None:
        fresh = np.sort(np.fromiter(self._fresh, dtype=np.uint64, count=len(self._fresh)))
        # Both are sorted already: to merge them costs a copy, to sort them anew much more.
        self._keys = np.insert(self._keys, self._keys.searchsorted(fresh), fresh)
        self._fresh.clear()


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
