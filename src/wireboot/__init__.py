"""wireboot: boot computers over the network."""

__version__ = "0.1.0"
