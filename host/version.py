"""The version of the project: read from here also where it runs without being installed."""

VERSION = "0.1.0"
