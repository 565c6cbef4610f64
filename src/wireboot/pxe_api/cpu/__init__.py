"""A machine that runs a network boot program (PXE 2.1 step 9): an emulated processor, a BIOS, the PXE API below them.

Only `engine.py` needs the optional extra `wireboot[cpu]`; all else is as pure as the rest of `pxe_api`.
"""
