"""Datasets and models on the Hugging Face Hub."""
