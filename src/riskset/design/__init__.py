"""Formula to frozen design to matrix."""
