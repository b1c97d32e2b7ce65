"""``python -m riskset``: the command line where no script is on the path."""

from riskset.cli import main

main()
