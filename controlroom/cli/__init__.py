"""The command line: one file per verb, everything imported only when it is used."""
