"""dnsmasq.conf, as dnsmasq(8) describes it."""
