"""Face detection, regions to hide, drawing for review, and face recognition.

Importing this package loads no network and no OpenCV; the first call that needs them does.
"""

from proface.faces.detect import POSSIBLE, detect
from proface.faces.draw import draw
from proface.faces.model_files import missing_detector, model_file
from proface.faces.recognition import embed
from proface.faces.regions import Grid, parse_region, regions_for

__all__ = [
    "POSSIBLE",
    "Grid",
    "detect",
    "draw",
    "embed",
    "missing_detector",
    "model_file",
    "parse_region",
    "regions_for",
]
