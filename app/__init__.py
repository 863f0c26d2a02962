"""The front end: the page, the HTTP routes, the stage and the command line."""
