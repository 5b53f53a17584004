"""Training by recipe: read, planned, checked before it starts, run by TRL's own trainers, and told of in a manifest."""
