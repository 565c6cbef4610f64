"""What a configuration amounts to: the endpoints of a server and what they decide from. Runs for real and simulated."""
