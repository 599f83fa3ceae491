"""Two plain pages, /live and /logs: tables that are whole without a script, and kept new by one."""
