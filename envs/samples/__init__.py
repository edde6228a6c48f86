"""Answers known by value: their spellings, near misses and wrong forms, for tests and the audit."""
