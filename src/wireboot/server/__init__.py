"""The running server: the parts put together, started, watched and stopped."""
