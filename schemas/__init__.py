"""Contracts: tables, recipes, records, manifests and errors. Imports nothing of ours."""
