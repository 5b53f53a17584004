"""Datasets and models on the Hugging Face Hub.

| module | what it has |
|---|---|
| `staging` | a dataset or checkpoint as it will be published |
| `layout` | the files of a published dataset, and its configurations |
| `shards` | Parquet files of limited size |
| `cards` | the README of a dataset or model |
| `client` | `publish` and `download` |
"""
