"""FaceShifter: a network gives each face another person's identity."""

from proface.looks.swap_target import network_look

LOOK = network_look("faceshifter", "FaceShifter")
