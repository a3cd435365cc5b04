"""Texts and groups of texts with one answer each: labels, numbers, choices, candidates."""
