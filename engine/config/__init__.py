"""What a run is: the experiment, its edits, recipes, seeds, and the check of what comes from outside."""
