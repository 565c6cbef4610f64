"""Moving in from other DHCP servers: their configuration and leases as wireboot's. Pure: text in, values out."""
