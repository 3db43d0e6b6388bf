"""Scenarios: one small program each, written to the public interface only, so that both sides run the same file.

A scenario runs in a fresh process of the side's own environment, and prints one line of JSON: measure → number.
"""
