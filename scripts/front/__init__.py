"""The front door: starts the whole platform of one machine in one state folder, and stops it.

Used by scripts/run (foreground), scripts/platform (background), scripts/demo, and by the tests and
benchmarks, so that they start what everybody else starts.
"""
