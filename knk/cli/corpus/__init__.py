"""`knk corpus`: datasets built, audited and exported; a module for each command."""
