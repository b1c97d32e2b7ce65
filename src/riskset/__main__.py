"""``python -m riskset``: the command line where no script is on the path."""

from riskset.cli import main

if __name__ == "__main__":  # and not in a process that it starts
    main()
