"""Text that a model writes: prompts, settings, conversations, scores."""
