"""Every engine of a room away, hung, back with other data, talking nonsense, in any order."""
