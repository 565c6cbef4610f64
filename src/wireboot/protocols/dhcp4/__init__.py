"""DHCPv4 (RFC 2131, 2132 and their updates)."""
