"""Coverage-guided fuzzing: `make fuzz`, or `python -m fuzz TARGET --seconds N` (extra `fuzz`)."""
