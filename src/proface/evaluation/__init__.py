"""Figures, all from saved 8-bit files."""
