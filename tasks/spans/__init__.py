"""Marked places in a text: answers and entities, and how both are scored."""
