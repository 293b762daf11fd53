"""Protect, recover and verify photo files."""
