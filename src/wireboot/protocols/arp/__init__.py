"""ARP (RFC 826), for asking whether an address is in use (RFC 5227)."""
