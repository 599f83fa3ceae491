"""A terminal control room for event pipelines."""

import os.path
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_INSTALLED = os.path.join(_HERE, "_project")
_PROJECT = _INSTALLED if os.path.isdir(_INSTALLED) else os.path.dirname(_HERE)
if _PROJECT not in sys.path:
    # the packages beside this one, which an installed wheel keeps inside it
    sys.path.insert(0, _PROJECT)
