"""Words with labels: windows, heads, tags, entities, their scores."""
