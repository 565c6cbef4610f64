"""dhcpd.conf of ISC's server, as dhcpd.conf(5), dhcp-options(5) and dhcp-eval(5) describe it."""
