"""Fitting and training the flow. Needs the extra `train` (torch); using a flow does not."""
