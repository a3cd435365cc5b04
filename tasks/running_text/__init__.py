"""Text without labels: windows, blocks, masks, losses by token."""
