"""Looks at one context and says what is in the way of the room, with a fix for each."""

from controlroom.targets.kubernetes.doctor.examination import examine

__all__ = ["examine"]
