"""Readers, schemas, accepted rows and rejects."""
