"""The only door to sockets and to the clock."""
