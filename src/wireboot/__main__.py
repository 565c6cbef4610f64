"""`python -m wireboot` is the `wireboot` command."""

from wireboot.cli.main import main

main()
