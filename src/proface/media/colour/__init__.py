"""Colour meaning: ICC profiles made from what a file states in other ways, or for another mode."""
