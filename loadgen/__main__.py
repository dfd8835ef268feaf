"""`python -m loadgen`, and the command itself."""

import sys


def main() -> None:
    """The entry point. A Ctrl-C is heard from here on, while the rest is still being imported."""
    try:
        from loadgen.cli import main as command

        command()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
