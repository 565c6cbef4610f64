"""The inside of a PXE client, as PXE 2.1's programming interfaces cut it: frames (UNDI) below, UDP on top of them."""
