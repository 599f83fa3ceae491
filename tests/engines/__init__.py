"""Engines, their installation and the checks of the machine."""
