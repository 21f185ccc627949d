"""`python -m emocli`."""

from emocli.cli.app import main

main()
