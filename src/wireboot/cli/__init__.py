"""The `wireboot` command: one file a subcommand."""
