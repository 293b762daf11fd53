"""Which coefficients the shaped detail layer uses, and how often each is 1.

Of each carrier: band down and across, step, share of ones. The steps are 0.9 of what JPEG 70 rounds
these bands to. The shares are those with which a bit costs the same change in every carrier where
the cover is 0: p / (1 - p) falls exponentially with the squared step. docs/JOURNEY.md has what was
measured; a protected file depends on these numbers, so they never change.
"""

SLACK = 0.05  # of a step: how far from its lattice point a coefficient may stay

# Parity bits, which are uniform, are in the first carriers.
CARRIERS = (
    (1, 1, 6.3, 0.5),
    (0, 2, 6.3, 0.5),
    (1, 2, 7.2, 0.5),
    (2, 0, 7.2, 0.5),
    (2, 1, 7.2, 0.5),
    (3, 0, 7.2, 0.5),
    (2, 2, 9.0, 0.43),
    (3, 1, 9.0, 0.43),
    (0, 3, 9.0, 0.43),
    (4, 0, 9.9, 0.38),
    (1, 3, 9.9, 0.38),
    (3, 2, 11.7, 0.28),
    (4, 1, 11.7, 0.28),
    (0, 4, 12.6, 0.23),
    (2, 3, 12.6, 0.23),
    (5, 0, 12.6, 0.23),
    (1, 4, 14.4, 0.14),
    (3, 3, 15.3, 0.11),
)
