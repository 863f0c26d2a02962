"""The server: HTTP routes, the live socket, and what stands before every request."""
