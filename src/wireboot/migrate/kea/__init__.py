"""Kea's configuration of DHCPv4, as its administrator reference manual describes it."""
