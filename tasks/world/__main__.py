"""Write problems of the world as a source folder, such as the bundled sample.

    python -m tasks.world FOLDER [--num 64] [--split sample]

The first problems of a split, so the same command writes the same folder.
"""

import argparse
import sys
from pathlib import Path

from tasks.world.problems import SEEDS, list_problems
from tasks.world.source import write_source


def main() -> None:
    """Write a source folder."""
    parser = argparse.ArgumentParser(description="Write problems of the miniature visual world.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--num", type=int, default=64)
    parser.add_argument("--split", choices=sorted(SEEDS), default="sample")
    args = parser.parse_args()
    write_source(args.folder, list_problems(args.num, args.split))
    sys.stdout.write(f"{args.num} problems in {args.folder}\n")


if __name__ == "__main__":
    main()
