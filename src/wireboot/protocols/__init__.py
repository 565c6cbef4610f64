"""What is on the cable, both roles, pure: no socket, clock, thread or random number in here."""
