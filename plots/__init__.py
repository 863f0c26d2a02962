"""Pure figures: parameters in, Plotly figures out."""
