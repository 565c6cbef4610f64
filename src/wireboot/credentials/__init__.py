"""Credentials of boot files: made by an operator, tested by a client before the file runs (PXE 2.1, step 8)."""
