"""Every recipe, found in its folder."""
