"""Measurements of wireboot beside its peers, each in one run. `./run bench NAME` runs one, `./run bench` all."""
