"""Mutated messages through the whole job and into a warehouse: nothing crashes, hangs, is lost, or is our bug."""
