"""Other servers' lease files, and wireboot's own exports, as leases."""
