"""A PXE client on a real cable."""
