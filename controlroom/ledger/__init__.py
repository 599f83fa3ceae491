"""Runs that are over or go on, as they lie on disk: read, listed, compared, ranked, told."""
