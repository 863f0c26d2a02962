"""Speed, measured side by side on one machine; never asserted."""
