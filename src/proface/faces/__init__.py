"""Faces in a photo: found, turned into regions to hide, drawn for review, and told apart.

Importing this package loads no network and no OpenCV; the first call that needs them does.
"""

from proface.faces.detect import detect
from proface.faces.draw import draw
from proface.faces.embed import embed
from proface.faces.model_files import model_file
from proface.faces.regions import parse_region, regions_for

__all__ = ["detect", "draw", "embed", "model_file", "parse_region", "regions_for"]
