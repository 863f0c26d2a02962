"""Figures, pictures and films: parameters or recordings in, Plotly figures or pixels out."""
