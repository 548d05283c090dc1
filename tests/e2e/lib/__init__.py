"""Phones, media and the platform itself, for the end-to-end tests and the benchmarks."""
