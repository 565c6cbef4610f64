"""The IP stack of a PXE client: ARP, IPv4 with fragments, UDP, IGMP, over frames."""
