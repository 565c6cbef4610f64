"""PXE 2.1 on top of DHCPv4: who a client is, what a Boot Server and a ProxyDHCP service tell it."""
