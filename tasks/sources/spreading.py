"""A few rows of every source, spread evenly over it: a sample that is read as a source is."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tasks.sources.planning import PlannedSource
from tasks.sources.source import Source, SourceRow
from tasks.storage import Folder


@dataclass(frozen=True, slots=True)
class SpreadRows:
    """Some rows of a source, each where it is in the source."""

    source: Source
    rows: tuple[int, ...]
    """Ascending."""

    @property
    def num_rows(self) -> int:
        """How many there are."""
        return len(self.rows)

    @property
    def root(self) -> Folder:
        """Folder that relative image paths start from."""
        return self.source.root

    @property
    def version(self) -> list[str]:
        """What changes when the files that hold the rows change, or other rows are chosen."""
        return [*self.source.version, f"rows {self.rows}"]

    def read(self, start: int, stop: int) -> Iterator[SourceRow]:
        """Yield the rows from the start-th of them to the one before the stop-th."""
        for row in self.rows[start:stop]:
            yield from self.source.read(row, row + 1)

    def columns(self) -> list[str]:
        """Return the columns that rows have, sorted."""
        return self.source.columns()

    def close(self) -> None:
        """Close what is open for the next reader."""
        self.source.close()


def spread_sources(planned: Sequence[PlannedSource], num_rows: int) -> list[PlannedSource]:
    """Take `num_rows` rows over all sources, each with its share of them and at least one.

    Of a source cut into as many equal parts as rows are taken, one row of each is drawn: always
    the same, and without the rhythm that every n-th row might have.
    """
    total = sum(source.num_rows for source in planned)
    taken: list[PlannedSource] = []
    for source in planned:
        if source.num_rows:
            share = max(1, round(num_rows * source.num_rows / total))
            rows = choose_rows(source.num_rows, min(share, source.num_rows))
            spread = SpreadRows(source.source, rows)
            taken.append(replace(source, source=spread, num_rows=len(rows)))
    return taken


def choose_rows(num_rows: int, num_taken: int) -> tuple[int, ...]:
    """Draw one row of each of `num_taken` parts of equal size."""
    dice = random.Random(f"{num_rows} {num_taken}")
    ends = [part * num_rows // num_taken for part in range(num_taken + 1)]
    return tuple(dice.randrange(ends[i], ends[i + 1]) for i in range(num_taken))
