"""What a machine loads, and why. Pure: no socket, clock or file is touched here."""
