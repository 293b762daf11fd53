"""Finds protected regions in a picture without a header, by their lattice alone."""
