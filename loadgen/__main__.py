"""`python -m loadgen`, and the command itself."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # the folder that the user stands in, by `python -m`: from here on nothing is imported from it

from loadgen.interrupts import end_at_once, ignore


def main() -> None:
    """The entry point. Signals are heeded from here on, also while the rest is still being imported."""
    end_at_once()
    try:
        from loadgen.cli import main as command

        command()
    finally:
        ignore()


if __name__ == "__main__":
    main()
