"""Every loss held against its paper, automatic differentiation, its siblings and others' code; knows no engine."""
