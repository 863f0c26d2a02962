"""The server: HTTP routes, the live socket, and the checks before every request."""
