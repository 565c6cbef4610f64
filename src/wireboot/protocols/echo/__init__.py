"""ICMP echo (RFC 792), for asking whether an address behind a router is in use."""
