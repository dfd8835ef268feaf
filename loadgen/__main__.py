"""`python -m loadgen`, and the command itself."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # the folder that the user stands in, by `python -m`: from here on nothing is imported from it

from loadgen.errors import Exit


def main() -> None:
    """The entry point. A Ctrl-C is heard from here on, also while the rest is still being imported."""
    try:
        from loadgen.cli import main as command

        command()
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)


if __name__ == "__main__":
    main()
