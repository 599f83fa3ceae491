"""Children: started in groups of their own, watched, restarted with back-off, ended in order."""
