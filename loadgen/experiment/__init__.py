"""A run from its profile to its result. A plain run is one variant and one round."""
