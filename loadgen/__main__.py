"""`python -m loadgen`, and the command itself."""

import sys

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
