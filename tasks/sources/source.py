"""What every source is: rows that can be counted and read in any range."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from tasks.storage import Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One row as the source holds it."""

    row: int
    """Position in the source, from 0."""
    values: dict[str, Any]
    fault: str | None = None
    """Why the row cannot be read, where it cannot; `values` is empty then."""


class Source(Protocol):
    """A readable source."""

    num_rows: int
    root: Folder
    """Folder that relative image paths start from."""

    @property
    def version(self) -> list[str]:
        """What changes when the files that hold the rows change."""
        ...

    def read(self, start: int, stop: int) -> Iterator[SourceRow]:
        """Yield rows start to stop - 1."""
        ...

    def columns(self) -> list[str]:
        """Return the columns that rows have, sorted."""
        ...

    def close(self) -> None:
        """Close what is open for the next reader; the source stays readable."""
        ...
