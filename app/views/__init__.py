"""The views: one page of the menu a file. Streamlit runs each from top to bottom."""
