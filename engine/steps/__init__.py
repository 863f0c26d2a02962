"""One step of all panels: exact, as a graph on a GPU, and the parts that these are made of."""
