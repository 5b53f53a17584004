"""Model code in a process that can do no harm."""
