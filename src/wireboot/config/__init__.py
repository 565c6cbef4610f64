"""The configuration file: what it may say, what it says, and whether that can work."""
