"""A photo of one smiling face, which scikit-image brings. conftest.py has what is found in it."""

from __future__ import annotations

import numpy as np
from skimage import data

PHOTO = np.ascontiguousarray(data.astronaut()[:300, 90:390])
