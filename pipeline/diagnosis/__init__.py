"""What happened to a window: findings by family, and the rules from findings to a cause and an action."""
