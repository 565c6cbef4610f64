"""Which address a client gets: pure decisions over what is known in memory."""
