"""A private network on this machine, in which virtual PCs boot from power-on.

`network` has segments and hosts, `machine` the PCs, `payload` what they boot, `server` wireboot and `peers` the
programs it lives beside, `capture` and `conversation` what was on the cable. Tests, benches and the demo use it alike.
"""
