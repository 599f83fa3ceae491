"""What the files of this scenario share."""


def spoken(station: str) -> str:
    """The name of a station, as people say it."""
    return f"{station} station"
