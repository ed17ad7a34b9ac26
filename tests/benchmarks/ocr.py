"""How much of real table images OCR finds, and how right the CSV is that their places make.

    python -m tests.benchmarks.ocr FOLDER [--num N]

FOLDER has metadata.jsonl with `file_name` and `table`: rows by newline, cells by ` | `, as TabMWP
gives them (Lu et al., ICLR 2023).
"""

import argparse
import asyncio
import csv
import io
import json
import time
from collections import Counter
from pathlib import Path

from tasks.grounding.evidence import Finding, measure_coverage
from tasks.grounding.grid import arrange_cells, write_csv
from tasks.grounding.ocr import OcrReader


def read_tables(folder: Path, num: int | None) -> list[tuple[bytes, list[list[str]]]]:
    lines = (folder / "metadata.jsonl").read_text("utf-8").splitlines()[:num]
    rows = [json.loads(line) for line in lines]
    return [
        (
            (folder / row["file_name"]).read_bytes(),
            [[cell.strip() for cell in line.split("|")] for line in row["table"].split("\n")],
        )
        for row in rows
    ]


def fold(cell: str) -> str:
    """Spelling that an image does not tell: case, spaces, thousands separators."""
    return "".join(cell.casefold().replace(",", "").split())


def count_found(found: list[Finding], table: list[list[str]]) -> tuple[int, int]:
    """Count the table's cells whose text OCR read anywhere as a line or within one."""
    cells = [fold(cell) for row in table for cell in row if fold(cell)]
    lines = [fold(line.label) for line in found]
    whole = Counter(cells) & Counter(lines)
    rest = Counter(cells) - whole
    within = sum(min(count, sum(cell in line for line in lines)) for cell, count in rest.items())
    return sum(whole.values()) + within, len(cells)


def count_right_cells(text: str, table: list[list[str]]) -> tuple[int, int]:
    """Count the cells of the CSV that stand where the table has them."""
    made = [[fold(cell) for cell in row] for row in csv.reader(io.StringIO(text))]
    right = 0
    for index, row in enumerate(table):
        own = made[index] if index < len(made) else []
        right += sum(fold(cell) == own[place] for place, cell in enumerate(row) if place < len(own))
    return right, sum(len(row) for row in table)


async def measure(folder: Path, num: int | None) -> None:
    tables = read_tables(folder, num)
    reader, started = OcrReader(), time.perf_counter()
    read = await asyncio.gather(*(reader.read(image) for image, _ in tables))
    seconds = time.perf_counter() - started
    found, right, whole = Counter(), Counter(), 0
    for lines, (_, table) in zip(read, tables, strict=True):
        text = write_csv(arrange_cells(lines))
        found.update(dict(zip(("hit", "all"), count_found(lines, table), strict=True)))
        hit, total = count_right_cells(text, table)
        right.update({"hit": hit, "all": total})
        whole += hit == total
    words = [
        measure_coverage(lines, "\n".join(" ".join(row) for row in table))
        for lines, (_, table) in zip(read, tables, strict=True)
    ]
    known = [share for share in words if share is not None]
    print(f"images                          {len(tables)}")
    print(f"seconds an image                {seconds / len(tables):.2f}")
    print(f"cells found by OCR              {found['hit'] / found['all']:.4f} of {found['all']:,}")
    print(f"cells right in the CSV          {right['hit'] / right['all']:.4f} of {right['all']:,}")
    print(f"tables right in every cell      {whole / len(tables):.4f}")
    print(f"OCR's words that the table has  {sum(known) / len(known):.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure OCR on images of tables.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--num", type=int)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.folder, arguments.num))
