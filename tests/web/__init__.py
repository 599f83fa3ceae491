"""The room in a browser, and the pages for people."""
