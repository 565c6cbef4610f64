"""The outside world, imagined: a site on one virtual clock, whose network and disk fail as a seed says."""
