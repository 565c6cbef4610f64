"""TFTP (RFC 1350) with its options (RFC 2347, 2348, 2349, 7440), pure: no socket, clock or file in here."""
