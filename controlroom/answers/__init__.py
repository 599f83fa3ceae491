"""The questions of the briefs, answered in Spanish and English from what experiments measured.

Pure functions over the files of runs: nothing here starts a load, and no figure stands in the code.
"""
