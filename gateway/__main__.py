"""The program `shishigaki`: signals first, then the command line, whose imports take a second on a board."""

from gateway import signals


def main() -> None:
    """Run the command line."""
    signals.end_early()
    from gateway.cli import main as command_line  # after the signals: it is slow to import

    command_line()


if __name__ == "__main__":
    main()
