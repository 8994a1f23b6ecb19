"""`python -m monitor` is the command."""

from monitor.cli import main

main()
