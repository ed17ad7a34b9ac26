"""Write problems of the world as a source folder, such as the bundled sample.

    python -m tasks.world FOLDER [--num 64] [--split sample] [--layout folder]

The first problems of a split, so the same command writes the same folder.
"""

import argparse
import sys
from pathlib import Path

from tasks.world.problems import SEEDS, list_problems
from tasks.world.source import LAYOUTS, write_source


def main() -> None:
    """Write a source folder."""
    parser = argparse.ArgumentParser(description="Write problems of the miniature visual world.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--num", type=int, default=64, help="problems (%(default)s)")
    parser.add_argument("--split", choices=sorted(SEEDS), default="sample")
    parser.add_argument("--layout", choices=list(LAYOUTS), default="folder")
    args = parser.parse_args()
    if args.num < 1:
        parser.error(f"--num: expected at least 1, got {args.num}")
    write_source(args.folder, list_problems(args.num, args.split), args.layout)
    sys.stdout.write(f"{args.num} problems in {args.folder}\n")


if __name__ == "__main__":
    main()
