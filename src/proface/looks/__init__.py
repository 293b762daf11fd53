"""Looks: what a hidden face looks like. A new look is one file here that holds a LOOK.

Importing this package loads no OpenCV; the first look that needs it does.
"""

from proface.looks.look import Look, LookKind
from proface.looks.registry import LOOKS, get_look, obfuscate

__all__ = ["LOOKS", "Look", "LookKind", "get_look", "obfuscate"]
